"""A model that wants to write one text and nothing else, held by a constraint."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch

from diaforge_core.conversation.constrained import Constraint
from diaforge_core.conversation.prompts import END, encode_control, encode_data
from diaforge_core.records.tool import Tool

VOCABULARY = 49_152
"""Tokens that SmolLM2 has."""


def writes(
    constraint: Constraint, tokenizer: Any, text: str, tools: Sequence[Tool], answers: Mapping[str, str] | None = None
) -> bool:
    """Whether a model that wants nothing but this text gets to write it and to end there."""
    draw = constraint.held_to(tools, answers)(None)
    for token in [*encode_data(tokenizer, text), *encode_control(tokenizer, END)]:
        scores = torch.zeros(VOCABULARY)
        scores[token] = 1.0
        if draw(scores) != token:
            return False
    return True
