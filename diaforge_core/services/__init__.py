"""The only door to the core for pages and command line."""
