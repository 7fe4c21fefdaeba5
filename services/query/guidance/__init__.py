"""Guidance: for a kind of dispute the steps, clocks, evidence, claims and places to go; calculators."""
