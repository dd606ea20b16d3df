"""Dialogues as tokens, and the tuning of a model on them."""

from __future__ import annotations

from typing import Any

from ..conversation.dialogue_files import load_synthetic_data

__all__ = ["ToolCallingTrainer", "load_synthetic_data"]


def __getattr__(name: str) -> Any:
    """`ToolCallingTrainer`, imported only when it is asked for: torch stays out of the app."""
    if name != "ToolCallingTrainer":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .trainer import ToolCallingTrainer

    return ToolCallingTrainer
