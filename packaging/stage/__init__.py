"""A shop on a stage: a real server, a real browser, and a film instead of a camera."""
