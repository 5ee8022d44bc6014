"""The nouns: frozen values for everything a project declares. No I/O, no decisions."""
