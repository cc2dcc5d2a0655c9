"""SQLite, the truth: products, images, features, sources, generations, and what changed when."""
