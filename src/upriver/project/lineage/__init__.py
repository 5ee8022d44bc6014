"""Column lineage of a project: what is read, what is remembered, what a change reaches."""
