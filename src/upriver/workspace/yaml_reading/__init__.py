"""Two ways to read YAML, and the proof that the fast one may be taken."""
