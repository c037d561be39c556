"""The kernel in plain Python: contracts, names, rules, policies, readers, returns, the operational database."""
