"""How easily tools are mistaken for one another: closeness from 0 (nothing in common) to 1 (the same)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..records.tool import Catalog, Tool
from .embedding import embed
from .naming import words_of
from .sampling import is_technical

TEXT_SHARE, NAME_SHARE, PARAMETER_SHARE = 0.6, 0.2, 0.2
"""Weights of the three parts of closeness; they sum to 1."""
TEXT_FLOOR = 0.2
"""Cosine that two unrelated texts of one business have under this encoder; it counts as no closeness."""
DIGITS = 4
"""Decimals kept, so that machines whose last bits differ agree on every order."""
BLOCK = 1_024
"""Rows compared at once: 28,000 tools take blocks of 115 MB."""
_VERSION = re.compile(r"v?\d+")


@dataclass(frozen=True, slots=True)
class ClosenessParts:
    """The closeness of two tools and what it is made of, each from 0 to 1."""

    text: float
    """What summary and description say: cosine of the sentence vectors above the floor of unrelated texts."""
    name: float
    """Share of words that the two names have in common."""
    parameters: float
    """Share of parameter names that the two have in common; as `text` where neither has any."""
    total: float


class Closeness:
    """The closeness of every two of some tools, computed by blocks of rows."""

    def __init__(self, tools: Sequence[Tool]) -> None:
        self.tools = tuple(tools)
        self._vectors = embed([_told(tool) for tool in tools])
        self._names = _bag([_name_words(tool) for tool in tools])
        self._parameters = _bag([_parameter_words(tool) for tool in tools])

    def parts(self, start: int, stop: int) -> tuple[NDArray[np.float32], ...]:
        """Text, name, parameters and total of the rows from `start` up to `stop`, each (rows, n), not rounded."""
        cosine = self._vectors[start:stop] @ self._vectors.T
        text = np.clip((cosine - TEXT_FLOOR) / (1 - TEXT_FLOOR), 0.0, 1.0)
        name, _ = _dice(self._names, start, stop)
        parameters, empty = _dice(self._parameters, start, stop)
        parameters = np.where(empty, text, parameters)
        total = TEXT_SHARE * text + NAME_SHARE * name + PARAMETER_SHARE * parameters
        return text, name, parameters, total

    def rows(self) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """First row and totals of one block after the other, rounded; each tool is at 1 from itself."""
        for start in range(0, len(self.tools), BLOCK):
            block = np.round(self.parts(start, min(start + BLOCK, len(self.tools)))[3], DIGITS).astype(np.float32)
            own = np.arange(len(block))
            block[own, start + own] = 1.0
            yield start, block


def closeness(tools: Sequence[Tool]) -> NDArray[np.float32]:
    """(n, n) closeness of every two tools, symmetric, rounded to 1e-4, ones on the diagonal."""
    if not tools:
        return np.zeros((0, 0), dtype=np.float32)
    matrix = np.concatenate([block for _, block in Closeness(tools).rows()])
    return np.maximum(matrix, matrix.T)


def nearest(catalog: Catalog, k: int) -> dict[str, list[tuple[str, float]]]:
    """Tool name → its k closest other tools with their closeness, closest first, ties by name."""
    return nearest_of(Closeness(catalog.tools), k)


def nearest_of(measured: Closeness, k: int) -> dict[str, list[tuple[str, float]]]:
    """As `nearest`, of tools already measured."""
    names = [tool.name for tool in measured.tools]
    alphabetic = np.argsort(np.array(names, dtype=object), kind="stable")
    found: dict[str, list[tuple[str, float]]] = {}
    for start, block in measured.rows():
        for offset, row in enumerate(block):
            own = start + offset
            found[names[own]] = [(names[i], _rounded(row[i])) for i in _top(row, alphabetic, own, k)]
    return found


def pair_closeness(a: Tool, b: Tool) -> ClosenessParts:
    """The closeness of two tools with its parts, rounded to 1e-4."""
    text, name, parameters, total = (_rounded(part[0, 1]) for part in Closeness((a, b)).parts(0, 1))
    return ClosenessParts(text, name, parameters, total)


def _top(row: NDArray[np.float32], alphabetic: NDArray[np.intp], own: int, k: int) -> list[int]:
    """Places of the k highest of a row but its own, ties in alphabetic order."""
    by_name = row[alphabetic]
    if len(row) > 4 * (k + 1):  # only what can be among the first k is worth sorting
        least = np.partition(by_name, -(k + 1))[-(k + 1)]
        places = np.flatnonzero(by_name >= least)
    else:
        places = np.arange(len(row))
    order = places[np.argsort(-by_name[places], kind="stable")]
    return [int(place) for place in alphabetic[order] if place != own][:k]


def _rounded(value: np.floating) -> float:
    return round(float(value), DIGITS)


def _told(tool: Tool) -> str:
    """What a tool says of itself, its name's words first."""
    return f"{' '.join(_name_words(tool))}. {tool.text}"


def _name_words(tool: Tool) -> list[str]:
    """The words of the name without versions and without the tail that tells documents apart."""
    return [word for word in words_of(tool.original_name) if not _VERSION.fullmatch(word)]


def _parameter_words(tool: Tool) -> list[str]:
    """The names of the parameters that a person states, each as one word."""
    return ["".join(words_of(name)) for name, schema in tool.properties.items() if not is_technical(name, schema)]


def _bag(rows: list[list[str]]) -> sparse.csr_matrix:
    """(n, words) 0/1 matrix of which words a row holds."""
    places = {word: place for place, word in enumerate(sorted({word for row in rows for word in row}))}
    pairs = sorted({(index, places[word]) for index, row in enumerate(rows) for word in row})
    one, other = [pair[0] for pair in pairs], [pair[1] for pair in pairs]
    shape = (len(rows), max(len(places), 1))
    return sparse.csr_matrix((np.ones(len(pairs), dtype=np.float32), (one, other)), shape=shape)


def _dice(bag: sparse.csr_matrix, start: int, stop: int) -> tuple[NDArray[np.float32], NDArray[np.bool_]]:
    """Twice the shared words over all words of each two rows, and where neither has any."""
    sizes = np.asarray(bag.sum(axis=1), dtype=np.float32).ravel()
    shared = (bag[start:stop] @ bag.T).toarray()
    both = sizes[start:stop, None] + sizes[None, :]
    return 2 * shared / np.where(both == 0, 1, both), both == 0
