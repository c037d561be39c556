"""Pure transforms: DataFrame in, DataFrame out; nothing here reads, writes, counts or asks the clock."""
