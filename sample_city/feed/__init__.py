"""Building the city and feeding its source systems: the database, the API server, the inbox, day by day. Imports `sources` and `world`."""
