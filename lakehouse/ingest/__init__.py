"""How deliveries come in: looked for, landed as received, read by a reader per source kind, staged for Spark; what a day still lacks."""
