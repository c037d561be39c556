"""The city itself: who lives where, what happens on which day, and the hidden truth.

The packages of `sample_city` build on each other: `world` imports none, `sources` imports `world`, `feed` imports both. `whole_files`, with
which all three write files, is here because the truth is written here too.
"""
