"""Sentence vectors from the encoder that the settings name; by default offline and without torch."""

from __future__ import annotations

import os
from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..settings import settings
from .encoders import Encoder, encoder_of, unit_rows

DIMENSIONS = 256
"""Width of the default encoder's vectors."""
MAX_CHARACTERS = 1_200
"""Characters of a text that are read; what an operation does stands at the start of its description."""


def encoder() -> Encoder:
    """The encoder that `DIAFORGE_ENCODER` names; ModelError if it is not on this machine."""
    return _chosen(os.environ.get("DIAFORGE_ENCODER"))


@lru_cache(maxsize=4)
def _chosen(said: str | None) -> Encoder:
    """The settings are read once for each value of the variable: scenarios ask thousands of times."""
    return encoder_of(settings().encoder)


def encoder_name() -> str:
    """The encoder's name, kept beside numbers that depend on it."""
    return encoder().name


def text_floor() -> float:
    """Cosine that two unrelated texts have under this encoder; it counts as no closeness."""
    return encoder().floor


def told(text: str) -> str:
    """The part of a text that the encoder reads; texts that share it share their vector."""
    return text[:MAX_CHARACTERS]


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(n, dimensions) unit rows, one a text; a row of zeros for a text without tokens.

    ModelError if the encoder's files are not on this machine.
    """
    used = encoder()
    if not texts:
        return np.zeros((0, DIMENSIONS), dtype=np.float32)
    return unit_rows(used.vectors([told(text) for text in texts]))
