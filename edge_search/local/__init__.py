"""Local features: details of a picture, the words they make, and whether they lie alike on two pictures."""
