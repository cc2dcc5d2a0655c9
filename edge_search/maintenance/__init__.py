"""Upkeep: finding out what is wrong with a home, and mending it."""
