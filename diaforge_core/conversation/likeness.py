"""How like a text is to what a tool, or a value, is told in, by the word vectors that ship with the project."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from ..catalog.encoders import WORDLLAMA, encoder_of, unit_rows
from ..catalog.leaves import leaves
from ..catalog.words import by_identity
from ..records.tool import Tool
from .ear import in_full
from .evidence import Taken, values_taken

_DIGITS = 4
"""Decimals that are the same on any machine."""


def likeness(text: str, tools: Sequence[Tool]) -> tuple[float, ...]:
    """The cosine of the text to each tool, less what is common to all; ModelError without the vectors."""
    return _likeness(text, _of_tools(tools))


def value_likeness(text: str, tools: Sequence[Tool]) -> tuple[float, ...]:
    """The same for each value that the tools take."""
    return _likeness(text, _of_values(tools))


def _likeness(text: str, rows: NDArray[np.float32]) -> tuple[float, ...]:
    return tuple(round(float(each), _DIGITS) for each in rows @ _vector(text.strip()))


@lru_cache(maxsize=4096)
def _vector(text: str) -> NDArray[np.float32]:
    return unit_rows(encoder_of(WORDLLAMA).vectors([text]))[0]


@by_identity(2048)
def _of_tools(tools: Sequence[Tool]) -> NDArray[np.float32]:
    return _told_apart([_tool(tool) for tool in tools])


@by_identity(2048)
def _of_values(tools: Sequence[Tool]) -> NDArray[np.float32]:
    return _told_apart([_value(value) for value in values_taken(tools)])


def _told_apart(texts: Sequence[str]) -> NDArray[np.float32]:
    """One row a text, less the mean of all."""
    rows = unit_rows(encoder_of(WORDLLAMA).vectors(texts))
    return rows - rows.mean(axis=0)


def _tool(tool: Tool) -> str:
    values = (f"{in_full(leaf.label)} {leaf.schema.get('description', '')}" for leaf in leaves(tool))
    return f"{in_full(tool.name)}. {tool.text} {' '.join(values)}"


def _value(value: Taken) -> str:
    choices = " ".join(in_full(str(each)) for each in value.schema.get("enum", ()))
    return f"{in_full(value.name)} {value.schema.get('description', '')} {choices}"
