"""Keeping a server in order: what is too old, and what nobody knows, is forgotten."""
