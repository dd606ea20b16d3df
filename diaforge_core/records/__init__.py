"""Frozen values that every other part speaks in; nothing here does any work."""
