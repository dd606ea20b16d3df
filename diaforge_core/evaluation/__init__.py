"""How a model did, with intervals, and against another."""
