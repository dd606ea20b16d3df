"""The only door of pages and command line to the workspace; each class has its own module."""
