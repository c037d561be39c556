"""The ingest steps of one resource: append to bronze, gate, history in silver, and the account of what became of every row."""
