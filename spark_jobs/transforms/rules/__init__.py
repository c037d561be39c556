"""The kinds of row rules as Spark predicates: one module each, named as in `lakehouse/rules` and `expectations/rules`.

Each module has `breaks(case) -> Column`, true where a row breaks the rule (null counts as not broken), and where it looks something up or
counts over the batch `prepare(case, rows) -> DataFrame`, which adds helper columns named by `case.helper`.
"""
