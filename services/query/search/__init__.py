"""Search in the library by everyday words: the question, the index, the passages found."""
