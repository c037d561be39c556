"""What must be so, computed with plain dictionaries from the landed bytes and the written rules. Imports nothing of ours."""
