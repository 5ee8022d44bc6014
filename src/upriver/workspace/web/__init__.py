"""Web servers: a call in, what they said out."""
