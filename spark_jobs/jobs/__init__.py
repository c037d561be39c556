"""The entry points of all jobs, one thin module each: read, transform, check, write."""
