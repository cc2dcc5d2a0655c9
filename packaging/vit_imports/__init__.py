"""Networks of the shapes of CLIP's and DINOv2's exports, with procedural weights, and a trial of importing them."""
