"""Contracts: one file per resource, the only place that describes it."""
