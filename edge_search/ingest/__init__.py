"""Photos in: read, hash, decode, encode, and hand back in order."""
