"""A synthetic city with a known truth. It feeds real source systems and imports no rule, policy, reader or name of the lakehouse."""
