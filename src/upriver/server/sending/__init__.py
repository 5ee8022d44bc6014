"""Requests and mail that leave the server: to addresses that others gave."""
