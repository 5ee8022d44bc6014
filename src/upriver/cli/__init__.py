"""The terminal: arguments in, requests out; events in, lines out."""
