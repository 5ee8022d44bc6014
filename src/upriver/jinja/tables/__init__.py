"""Tables of templates: the kinds of values their columns hold, and their text."""
