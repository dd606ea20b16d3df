"""Dialogues as tokens, and the tuning of a model on them."""
