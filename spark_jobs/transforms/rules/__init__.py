"""The kinds of row rules as Spark predicates: one module each, named as in `lakehouse/rules` and `expectations/rules`.

Each module has `breaks(case) -> Column`, true where a row breaks the rule (null counts as not broken), and where it looks something up,
counts over the batch or computes what several rules share `helpers(case)`: by name of the helper column, what adds it to rows. A name is
added once, whoever asks for it.
"""
