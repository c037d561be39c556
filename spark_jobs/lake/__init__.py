"""Access to the lake: the Spark session, the one module that reads and writes tables, the shapes of tables, and dbt runs."""
