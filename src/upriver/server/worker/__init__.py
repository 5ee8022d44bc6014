"""Carrying out runs: one operating-system process per invocation, in a place of its own."""
