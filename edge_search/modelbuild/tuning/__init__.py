"""Fine-tuning a network on a catalog, on a machine larger than the box (extra: tune)."""
