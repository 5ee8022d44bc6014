"""Deciding: graph, selection and baseline in, ordered steps with resolved references out."""
