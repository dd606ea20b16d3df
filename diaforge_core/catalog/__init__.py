"""API documents in, tools and what gets confused among them out."""
