"""The kinds of row rules a second time, in plain Python, never the Spark predicate again: what a rule's declaration says, row by row.

Each module has `breaks(check, row) -> bool` and, where Great Expectations has an expectation of its own for the kind,
`native(check) -> Native` that describes it (engine-neutral: `expectations.suite` makes it). Kinds that look at the whole batch have
`observe(check, rows)`; its result is `check.seen`.
"""
