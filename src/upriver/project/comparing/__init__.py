"""How results of comparisons are shown: as a table, as data, as a page."""
