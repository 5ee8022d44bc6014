"""Which server a project is linked to: the user's file, the project's block, the environment."""
