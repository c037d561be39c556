"""A second implementation of every kind of row rule, in plain Python: independent of the Spark predicates, so that both can be compared.

Each module has `breaks(check, row) -> bool`. Where Great Expectations has a native expectation for the kind, it also has
`native(check) -> Native`, which describes that expectation; `expectations.suite` makes it. Kinds that look at the whole batch have
`observe(check, rows)`; its result becomes `check.seen`.
"""
