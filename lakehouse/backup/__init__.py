"""The archive of a backup: its manifest, its parts and how they are sealed under a passphrase. It knows nothing of any server."""
