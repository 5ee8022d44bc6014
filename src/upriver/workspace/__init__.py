"""Reading the disk: a directory in, settings and a list of files out."""
