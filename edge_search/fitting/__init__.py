"""What is fitted to features, and what a generation carries besides vectors."""
