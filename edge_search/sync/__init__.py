"""Making the store equal to a source, and keeping it so."""
