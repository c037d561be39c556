"""The command line `huiliu`: one module per command group."""
