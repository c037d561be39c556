"""The pinned jars that Spark needs beyond its own distribution."""
