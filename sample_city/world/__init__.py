"""The city itself: who lives where, what happens on which day, and what is true.

The rooms of `sample_city` build on each other: `world` knows nobody, `sources` imports `world`, `feed` imports both. What all of them
write with (`whole_files`) therefore lies here, because the truth is written here too.
"""
