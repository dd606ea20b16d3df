"""One reader for each kind of API document."""
