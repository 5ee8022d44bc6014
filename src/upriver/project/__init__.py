"""An open project: one verb per request, and the only memory between them."""
