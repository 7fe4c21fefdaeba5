"""Pages that intake prints."""
