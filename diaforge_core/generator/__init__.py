"""The data engine: dialogues from scenarios, their split and their diversity."""

from .utcgen import UTCGen

__all__ = ["UTCGen"]
