"""One file at a time: a file in, definitions and problems out; knows no other file."""
