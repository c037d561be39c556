"""Benchmarks: each measures two ways of doing the same in one run, checks that both are right, and prints a ratio."""
