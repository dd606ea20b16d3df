"""DiaForge: find what gets confused in an enterprise API catalog, and train an assistant that asks before it acts."""

from __future__ import annotations

import os
from importlib import import_module
from typing import Any

# Threads of a model that wait for each other sleep instead of spinning: on a machine with other work, spinning makes a
# token ten times slower. Read once, when torch is loaded, by this process and the workers it starts.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

_HOMES = {
    "UTCGen": ".generator.utcgen",
    "ToolCallingTrainer": ".training.trainer",
    "DynamicEvaluator": ".evaluation.evaluator",
    "load_catalog": ".catalog.importing",
    "load_synthetic_data": ".conversation.dialogue_files",
}

__all__ = ["DynamicEvaluator", "ToolCallingTrainer", "UTCGen", "load_catalog", "load_synthetic_data"]


def __getattr__(name: str) -> Any:
    """The public name from its home module, imported only when it is asked for (torch stays out of the app)."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name], __name__), name)
