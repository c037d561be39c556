"""Great Expectations of the house: suites from contracts, the checkpoint on committed rows, second implementations of rules."""
