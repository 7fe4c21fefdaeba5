"""Counts of cases: what is kept of each for them, and what may be told."""
