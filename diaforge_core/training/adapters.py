"""What an adapter's own folder says of it; torch is not needed to read it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from ..conversation.mishaps import readable

ATTENTION = ("q_proj", "k_proj", "v_proj", "o_proj")
"""Names of the projections in the attention layers of Llama, Qwen, Mistral, Gemma and their kin."""

_UNREADABLE = "The configuration of the adapter in {} cannot be read"


def rank_and_layers(adapter: Path) -> tuple[int, list[str]]:
    """Its rank and the names of the layers that it changes; 0 or none for kinds that have no such thing.

    ModelError where its configuration cannot be read.
    """
    with readable(_UNREADABLE.format(adapter)):
        config = _config(adapter)
        named = config.get("target_modules") or ()
        return config.get("r") or 0, [named] if isinstance(named, str) else sorted(named)


def base_named_by(adapter: Path) -> str:
    """The model that it names as its base: `smollm2`, or a folder; empty where it names none. ModelError as above."""
    with readable(_UNREADABLE.format(adapter)):
        return str(_config(adapter).get("base_model_name_or_path") or "")


def _config(adapter: Path) -> dict[str, Any]:
    return json.loads((adapter / "adapter_config.json").read_text(encoding="utf-8"))


def adapter_choices(adapter: Path) -> dict[str, Any]:
    """`lora_rank` and `lora_targets` as a run that goes on from it trains them: `attention`, or the layers' names."""
    rank, layers = rank_and_layers(adapter)
    return {"lora_rank": rank, "lora_targets": "attention" if layers == sorted(ATTENTION) else ", ".join(layers)}
