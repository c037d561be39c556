"""Benchmarks: each takes two measurements in one run, checks that both results are right, and prints a ratio."""
