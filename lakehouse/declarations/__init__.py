"""What people write down in YAML and CSV: one strict reader, and the typed files of authority, policies and code tables."""
