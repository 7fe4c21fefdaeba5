"""Builders of test input; everything they make up is invented."""
