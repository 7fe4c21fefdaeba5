"""The library of laws and policies: what a document is, where it comes from, how it is shown."""
