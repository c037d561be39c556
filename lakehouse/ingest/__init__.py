"""Take deliveries in: find them, land their bytes, read them (one reader per source kind), stage the rows for Spark; list gaps."""
