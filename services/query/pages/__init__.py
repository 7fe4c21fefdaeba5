"""Pages that query shows to people without any program of ours."""
