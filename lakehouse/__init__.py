"""The kernel in plain Python: contracts, names, rules, policies, manifests, readers, the operational database."""
