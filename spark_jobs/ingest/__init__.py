"""The steps of one resource: commit to bronze, gate, history in silver, and the account of every row."""
