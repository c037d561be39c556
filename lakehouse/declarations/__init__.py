"""What is declared in YAML and CSV files: a strict reader, and the typed contents of authority, policies and code tables."""
