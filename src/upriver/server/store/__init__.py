"""Where artifacts lie: objects that are written once under generated keys."""
