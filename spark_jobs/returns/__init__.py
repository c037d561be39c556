"""The steps of the returns that need Spark: assemble packages, gather the evidence of their proofs, check the invariants of a day."""
