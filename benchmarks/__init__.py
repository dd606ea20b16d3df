"""Speed as a ratio against a peer or a limit; results are checked to be equal before anything is timed."""
