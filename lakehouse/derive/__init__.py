"""Artefacts derived from contracts, one module each."""
