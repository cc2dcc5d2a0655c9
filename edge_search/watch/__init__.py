"""Watch: what happens in a catalog folder, as hints; when a file is settled; what is a mount."""
