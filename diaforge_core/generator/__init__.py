"""The data engine: dialogues from scenarios, their split and their diversity."""
