"""A synthetic city whose truth is known. It feeds real source systems and imports nothing of the lakehouse.

`world` holds what is true in the city, `sources` what is delivered about it, `feed` builds the city and feeds the source systems day by
day. Each room imports only the ones before it.
"""
