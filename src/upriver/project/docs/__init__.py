"""The documentation of a project: its catalog, and the site that shows it."""
