"""Upkeep of an instance: whose turn it is in the lake, a budget of time, files that grow old, room on the disk."""
