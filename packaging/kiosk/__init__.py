"""The kiosk launcher: Chromium, full screen, on the box's own page. Standard library only."""
