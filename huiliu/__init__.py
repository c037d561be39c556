"""The command line: composes everything, one module per command group."""
