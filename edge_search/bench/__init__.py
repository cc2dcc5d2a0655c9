"""Measuring this box: interleaved rounds, medians, and what was measured beside each figure."""
