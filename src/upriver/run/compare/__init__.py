"""Two relations in, how their rows differ out; the comparing happens inside the warehouse."""
