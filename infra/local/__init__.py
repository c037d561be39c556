"""The embedded deployment: PostgreSQL, Spark and Airflow as local processes under a supervisor."""
