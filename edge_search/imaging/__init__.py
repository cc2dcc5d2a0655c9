"""Pixels: decode, preprocess, simulate; knows no model and no store."""
