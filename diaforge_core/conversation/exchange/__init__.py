"""Dialogues in the forms that other programs read and write: out of them, and into them again."""
