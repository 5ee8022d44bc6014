"""Uploaded artifacts: received in pieces, unpacked with care, accepted as a run."""
