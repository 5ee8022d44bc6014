"""Objects of the v2 and v3 interfaces as clients know them: rows in, plain mappings out."""
