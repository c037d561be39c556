"""Build the city and feed its source systems (database, API server, inbox) day by day. Imports `sources` and `world`."""
