"""Data Docs: the pages on which Great Expectations shows suites and runs, in the words and the look of the day report."""
