"""The semantic layer linked: what metrics are computed from, and what is wrong with it."""
