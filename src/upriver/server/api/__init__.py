"""The HTTP interfaces: requests to domain functions, their answers to JSON."""
