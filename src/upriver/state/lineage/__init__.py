"""From the text of a query to the columns each of its columns comes from, and what a change reaches."""
