"""The ways a message leaves: one module for each, with a function `send`."""
