"""Entries of the semantic layer: semantic models, metrics, saved queries."""
