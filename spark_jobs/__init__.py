"""Everything that needs Spark: one thin module per job, the steps they share, pure transforms, and one module for all table access."""
