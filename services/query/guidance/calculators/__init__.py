"""What a claim comes to, by the formulas of the law."""
