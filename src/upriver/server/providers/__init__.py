"""Providers of git: what they tell of pull requests, and what they are told of their checks."""
