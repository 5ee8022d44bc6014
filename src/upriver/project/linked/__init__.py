"""What the server adds that a project is linked to: a default state, signing in, pushing."""
