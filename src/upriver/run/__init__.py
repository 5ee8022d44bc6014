"""Doing: a plan and a warehouse in, events and results out."""
