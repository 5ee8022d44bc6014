"""What a resource means: its code and ancestry as one digest that form does not change."""
