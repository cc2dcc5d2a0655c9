"""Catalog: folder convention, products.csv and manifests to rows; pure: no pixels, no model, no store."""
