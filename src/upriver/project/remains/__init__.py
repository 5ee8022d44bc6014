"""What builds left in the warehouse: told apart, shown, and dropped on request."""
