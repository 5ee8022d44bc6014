"""`run-operation`: one macro, what it may read, and calling it."""
