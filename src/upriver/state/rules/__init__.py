"""Rules about data that must not cross environments, and what they are asked about: counterparts,
sources, and names that are written out in SQL.
"""
