"""Deployment of Huiliu: local server processes and the pinned Spark jars."""
