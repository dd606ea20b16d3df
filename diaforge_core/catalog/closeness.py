"""How close two tools are, from 0 (nothing in common) to 1 (the same), bit for bit the same on every machine.

Vectors are rounded to multiples of 2^-25, so that every product and every partial sum of a dot product fits a float64
without rounding: the order in which a machine adds, the size of a block and the order of the tools change no bit of it.
Shared words are counted in whole numbers. What follows is done element by element, as IEEE 754 lays down.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from ..records.tool import Tool
from .embedding import embed, encoder_name, text_floor
from .naming import words_of
from .sampling import is_technical
from .vector_cache import VectorCache

TEXT_SHARE, NAME_SHARE, PARAMETER_SHARE = 0.6, 0.2, 0.2
"""Weights of the three parts of closeness; they sum to 1."""
SCALE = 10_000
"""Closeness is counted in whole steps of 1e-4, so that a tie is a tie on every machine."""
_GRID = 2.0**25
"""Steps of a unit vector's component: dot products then take 50 of the 53 bits of a float64."""
_DENSE_WORDS = 64
"""The most frequent words are counted by a dense product, the many rare ones by a sparse one."""
_VERSION = re.compile(r"v?\d+")
Table = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Told:
    """What of a tool counts towards closeness."""

    text: str
    """What it says of itself, its name's words first."""
    name: tuple[str, ...]
    """The different words of the name, without versions and without the tail that tells documents apart."""
    parameters: tuple[str, ...]
    """The different names of the parameters that a person states, each as one word."""


def told_of(tool: Tool) -> Told:
    """What of this tool counts towards closeness."""
    name = [word for word in words_of(tool.original_name) if not _VERSION.fullmatch(word)]
    stated = (_stated(key, schema.get("deprecated") is True) for key, schema in tool.properties.items())
    return Told(
        text=f"{' '.join(name)}. {tool.text}",
        name=tuple(dict.fromkeys(name)),
        parameters=tuple(dict.fromkeys(word for word in stated if word)),
    )


@lru_cache(maxsize=65_536)
def _stated(parameter: str, deprecated: bool) -> str:
    """The name of a parameter as one word; empty if no person states it."""
    return "" if is_technical(parameter, {"deprecated": deprecated}) else "".join(words_of(parameter))


class Closeness:
    """The closeness of every two of some tools, a table of rows against columns at a time."""

    def __init__(
        self, tools: Sequence[Tool], cache: VectorCache | None = None, previous: Closeness | None = None
    ) -> None:
        """What `previous` measured of the same tools and texts is taken over, as are the vectors that `cache` keeps."""
        self.tools = tuple(tools)
        self.encoder = encoder_name()
        self.told = _all_told(self.tools, previous)
        self._vectors = _vectors(self.told, cache, previous if previous and previous.encoder == self.encoder else None)
        self._floor = text_floor()
        self._names = _SharedWords([told.name for told in self.told])
        self._parameters = _SharedWords([told.parameters for told in self.told])

    def parts(self, start: int, stop: int) -> tuple[Table, Table, Table, Table]:
        """Text, name, parameters and total of the rows from `start` up to `stop`, each (rows, n); the total rounded."""
        text, name, parameters, total = self.shares(np.arange(start, stop), 0, len(self.tools))
        text /= np.float32(TEXT_SHARE * SCALE)
        name /= np.float32(NAME_SHARE * SCALE)
        parameters /= np.float32(PARAMETER_SHARE * SCALE)
        total /= np.float32(SCALE)
        return text, name, parameters, total

    def steps(self, rows: NDArray[np.intp], start: int, stop: int) -> Table:
        """(rows, stop - start) closeness in whole steps of 1e-4, of each of `rows` and the tools from `start` on."""
        return self.shares(rows, start, stop)[3]

    def among(self, places: NDArray[np.intp]) -> Table:
        """(n, n) closeness in whole steps of every two of the tools at these places."""
        text = self._above(self._vectors[places] @ self._vectors[places].T)
        names, parameters = self._names.among(places), self._parameters.among(places)
        names *= np.float32(NAME_SHARE * SCALE)
        parameters *= np.float32(PARAMETER_SHARE * SCALE)
        bare = self._parameters.none(places)
        both = np.ix_(bare, bare)
        parameters[both] = text[both] * np.float32(PARAMETER_SHARE / TEXT_SHARE)
        total = text + names
        total += parameters
        return np.minimum(np.rint(total), np.float32(SCALE))

    def shares(self, rows: NDArray[np.intp], start: int, stop: int) -> tuple[Table, Table, Table, Table]:
        """What text, name and parameters add, in steps of 1e-4, and their sum in whole steps."""
        text = self._text(rows, start, stop)
        name = self._names.dice(rows, start, stop)
        name *= np.float32(NAME_SHARE * SCALE)
        parameters = self._parameters.dice(rows, start, stop)
        parameters *= np.float32(PARAMETER_SHARE * SCALE)
        bare, bare_too = self._parameters.none(rows), self._parameters.none(np.arange(start, stop))
        if bare.size and bare_too.size:
            both = np.ix_(bare, bare_too)
            parameters[both] = text[both] * np.float32(PARAMETER_SHARE / TEXT_SHARE)
        total = text + name
        total += parameters
        np.rint(total, out=total)
        return text, name, parameters, np.minimum(total, np.float32(SCALE), out=total)

    def _text(self, rows: NDArray[np.intp], start: int, stop: int) -> Table:
        return self._above(self._vectors[rows] @ self._vectors[start:stop].T)

    def _above(self, cosine: NDArray[np.float64]) -> Table:
        """What cosines above the floor of unrelated texts add, in steps of 1e-4."""
        above = np.empty(cosine.shape, dtype=np.float32)
        np.subtract(cosine, self._floor, out=above, casting="same_kind")
        np.clip(above, np.float32(0), np.float32(1 - self._floor), out=above)
        above *= np.float32(TEXT_SHARE * SCALE / (1 - self._floor))
        return above


class _SharedWords:
    """How many words every two rows share, counted exactly."""

    def __init__(self, rows: Sequence[tuple[str, ...]]) -> None:
        counts = Counter(word for row in rows for word in row)
        ranked = sorted(counts, key=lambda word: (-counts[word], word))
        places = {word: place for place, word in enumerate(ranked)}
        lengths = np.array([len(row) for row in rows], dtype=np.int64)
        columns = np.array([places[word] for row in rows for word in row], dtype=np.int64)
        ones = np.ones(len(columns), dtype=np.float32)
        shape = (len(rows), max(len(ranked), 1))
        bag = sparse.csr_array((ones, columns, np.concatenate([[0], np.cumsum(lengths)])), shape=shape)
        self._sizes = lengths.astype(np.float32)
        self._frequent = bag[:, :_DENSE_WORDS].toarray()
        self._rare = sparse.csr_array(bag[:, _DENSE_WORDS:])
        self._rare_columns: dict[tuple[int, int], sparse.csr_array] = {}

    def dice(self, rows: NDArray[np.intp], start: int, stop: int) -> Table:
        """Twice the shared words over all words of both, 0 where neither has any."""
        shared = self._frequent[rows] @ self._frequent[start:stop].T
        if self._rare.nnz:
            rest = (self._rare[rows] @ self._turned(start, stop)).tocoo()
            one, other = rest.coords
            shared[one, other] += rest.data
        return self._shares(shared, rows, np.arange(start, stop))

    def among(self, places: NDArray[np.intp]) -> Table:
        """As `dice`, of every two of the rows at these places."""
        shared = self._frequent[places] @ self._frequent[places].T
        if self._rare.nnz:
            rare = self._rare[places]
            shared += (rare @ rare.T).toarray()
        return self._shares(shared, places, places)

    def _shares(self, shared: Table, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Table:
        words = np.add.outer(self._sizes[rows], self._sizes[columns])
        np.maximum(words, np.float32(1), out=words)
        shared *= np.float32(2)
        return np.divide(shared, words, out=shared)

    def none(self, places: NDArray[np.intp]) -> NDArray[np.intp]:
        """Which of `places` have no word."""
        return np.flatnonzero(self._sizes[places] == 0)

    def _turned(self, start: int, stop: int) -> sparse.csr_array:
        """Rare words against the tools from `start` to `stop`, made once for each such stretch."""
        if (start, stop) not in self._rare_columns:
            self._rare_columns[start, stop] = sparse.csr_array(self._rare[start:stop].T)
        return self._rare_columns[start, stop]


def _all_told(tools: Sequence[Tool], previous: Closeness | None) -> list[Told]:
    known = (
        {tool.name: (tool, told) for tool, told in zip(previous.tools, previous.told, strict=True)} if previous else {}
    )
    found: list[Told] = []
    for tool in tools:
        old = known.get(tool.name)
        found.append(old[1] if old and (old[0] is tool or old[0] == tool) else told_of(tool))
    return found


def _vectors(told: Sequence[Told], cache: VectorCache | None, previous: Closeness | None) -> NDArray[np.float64]:
    """One row on the grid a tool; only texts that `previous` has not measured are asked for."""
    places = {each.text: place for place, each in enumerate(previous.told)} if previous else {}
    missing = list(dict.fromkeys(each.text for each in told if each.text not in places))
    held = np.rint((cache.embed if cache else embed)(missing).astype(np.float64) * _GRID) / _GRID
    if previous is not None and places:
        places |= {text: len(previous.told) + place for place, text in enumerate(missing)}
        held = np.concatenate([previous._vectors, held]) if missing else previous._vectors
    else:
        places = {text: place for place, text in enumerate(missing)}
    return held[[places[each.text] for each in told]]
