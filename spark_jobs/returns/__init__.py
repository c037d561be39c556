"""The steps of the return flow that need Spark: assemble packages, gather evidence for their proofs, check the invariants of a day."""
