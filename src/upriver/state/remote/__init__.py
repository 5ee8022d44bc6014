"""State that lies elsewhere: on a web server, in an object store, in an archive."""
