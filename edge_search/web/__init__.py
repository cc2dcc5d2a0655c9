"""The web edge: HTTP API and kiosk page, thin over the box."""
