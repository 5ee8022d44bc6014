"""What deferral and reuse have saved, after a run and over many."""
