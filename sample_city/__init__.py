"""A synthetic city with a known truth, which feeds real source systems and imports no rule, policy, reader or name of the lakehouse.

`world` says what is so, `sources` what is delivered about it, `feed` builds the city and feeds it day by day; each imports the ones before.
"""
