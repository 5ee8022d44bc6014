"""Copies of published relations: which are made, of which rows, and which are made again."""
