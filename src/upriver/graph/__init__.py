"""All files together: definitions in, one immutable graph out, with names, config and edges."""
