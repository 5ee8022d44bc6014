"""The entries of property files: one module per kind, each from checked YAML to definitions."""
