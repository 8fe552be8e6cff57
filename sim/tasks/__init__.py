"""Tasks: frozen configuration and pure functions on batched arrays."""
