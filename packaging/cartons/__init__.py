"""Flat packaging by seed: artwork of boxes, and kiosk-like phone photos of them. See ``python -m cartons --help``."""
