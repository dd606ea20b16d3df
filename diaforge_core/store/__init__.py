"""What is kept on disk: one DuckDB file, run folders, the log of human decisions."""
