"""The vector index: disposable, memory-mapped, always derivable from the store."""
