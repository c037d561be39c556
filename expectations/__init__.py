"""Great Expectations: suites derived from contracts, the checkpoint on committed rows, and a second implementation of every row rule."""
