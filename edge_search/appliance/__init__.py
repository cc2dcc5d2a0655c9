"""Wiring and lifecycle: the Python face of one home."""
