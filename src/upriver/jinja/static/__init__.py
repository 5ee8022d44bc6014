"""Reading templates without Jinja: syntax to a small tree, and the tree carried out."""
