"""One module per kind of resource: its definition, patch and config become a draft."""
