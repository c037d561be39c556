"""Deployments of Huiliu: local processes and the pinned Spark jars."""
