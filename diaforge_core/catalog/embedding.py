"""Sentence vectors from a static encoder whose weights lie on this machine; no network, no torch."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError

DIMENSIONS = 256
MAX_CHARACTERS = 1_200
"""Characters of a text that are read; what an operation does stands at the start of its description."""
_WEIGHTS = Path("weights") / "l2_supercat_256.safetensors"
_TOKENIZER = Path("tokenizers") / "l2_supercat_tokenizer_config.json"
_BATCH = 2_000


def encoder_name() -> str:
    """The encoder's name, kept beside numbers that depend on it."""
    return "wordllama l2_supercat 256"


def embed(texts: Sequence[str]) -> NDArray[np.float32]:
    """(n, 256) unit rows, one a text: the mean of its tokens' vectors; a row of zeros for a text without tokens.

    ModelError if the encoder's files are not on this machine.
    """
    tokenizer, table = _encoder()
    rows = np.zeros((len(texts), DIMENSIONS), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = [text[:MAX_CHARACTERS] for text in texts[start : start + _BATCH]]
        for offset, encoding in enumerate(tokenizer.encode_batch(batch, add_special_tokens=False)):
            if encoding.ids:
                rows[start + offset] = table[encoding.ids].mean(axis=0)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)


@lru_cache(maxsize=1)
def _encoder() -> tuple[Any, NDArray[np.float32]]:
    """The tokenizer and the table of token vectors."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    spec = importlib.util.find_spec("wordllama")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    folder = next((folder for folder in folders if (folder / _WEIGHTS).is_file()), None)
    if folder is None:
        raise ModelError(
            "The sentence encoder's weights are not on this machine. Run `make setup`, or "
            "`pip install --no-deps -r requirements-models.txt`."
        )
    tokenizer = Tokenizer.from_file(str(folder / _TOKENIZER))
    tokenizer.no_padding()
    tokenizer.no_truncation()
    (table,) = load_file(str(folder / _WEIGHTS)).values()
    return tokenizer, table.astype(np.float32)
