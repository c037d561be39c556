"""DAG factories over the contracts; they start jobs by name and hold no logic of their own."""
