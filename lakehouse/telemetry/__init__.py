"""What jobs do, told to other programs as OpenLineage events: kept as JSON lines, and sent to a receiver where one is named."""
