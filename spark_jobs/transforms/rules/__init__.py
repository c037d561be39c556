"""The kinds of row rules as Spark predicates: one module each, named as in `lakehouse/rules` and `expectations/rules`.

Each module has `breaks(case) -> Column`, true where a row breaks the rule (null counts as not broken). Kinds that look something up,
count over the batch or share a computation also have `helpers(case)`: it maps the name of a helper column to the function that adds it
to rows. A helper column is added once, even if several rules ask for it.
"""
