"""An independent oracle: recomputes every day with plain dictionaries from the landed bytes. Imports nothing of ours.

A page in `resources` says all that is known of one resource, in the words of `shape`, `columns`, `vocabulary` and `files`. From the pages
`landed` reads bytes, `judge` judges rows and `days` cuts history; `golden`, `libraries` and `entitlement` follow from that.
"""
