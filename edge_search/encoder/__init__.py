"""Images -> features: bundles, runtimes, the encoder. Knows no store."""
