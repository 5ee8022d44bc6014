"""The published picture: baselines, comparison, and the table that decides deferral."""
