"""One query, end to end."""
