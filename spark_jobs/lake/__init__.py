"""The lake itself: the Spark session, the one module that reads and writes tables, their shapes, and dbt runs."""
