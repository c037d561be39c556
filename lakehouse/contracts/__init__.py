"""Contracts: one file per resource is the only place that knows it."""
