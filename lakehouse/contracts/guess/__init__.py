"""Guess the columns of a resource from a delivered file, for a steward to decide on; what is unknown takes the strictest class."""
