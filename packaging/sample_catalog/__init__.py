"""Render the sample catalog: invented products, drawn with Pillow and numpy only."""
