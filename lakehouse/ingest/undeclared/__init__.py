"""Read a file nobody has declared yet: its kind, its encoding, its separator, its header and its first rows are guessed."""
