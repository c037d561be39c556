"""One thin module per job, pure transforms, one module that touches tables."""
