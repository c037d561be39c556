"""What people do with Huiliu, as functions that take and return typed records; the command line only parses and prints."""
