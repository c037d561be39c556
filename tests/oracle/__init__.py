"""An independent oracle: recomputes every day from the landed bytes with plain dictionaries. Imports no other code of the project.

A page in `resources` declares one resource, with the building blocks of `shape`, `columns`, `vocabulary` and `files`. From the pages
`landed` reads bytes, `judge` judges rows and `days` cuts history; `golden`, `libraries` and `entitlement` follow from that.
"""
