"""Files that hold one JSON mapping a line."""

from __future__ import annotations

import codecs
import json
import re
from itertools import islice
from typing import Any

from .documents import MAX_CONTAINERS, MAX_NODES, DocumentError, parse_document

MAX_LINES_BYTES = 16_000_000
"""Bytes of all lines together; the largest public benchmarks of this form are near 5 MB."""


def json_lines(data: bytes) -> list[Any] | None:
    """The line's values in order; None if the content does not look like JSON lines, judged by its first two.

    DocumentError that names the line if a later one is broken.
    """
    if not _looks_like_lines(data):
        return None
    if len(data) > MAX_LINES_BYTES:
        raise DocumentError(f"it has {len(data):,} bytes of JSON lines (limit {MAX_LINES_BYTES:,})")
    lines = [(number, line.strip()) for number, line in enumerate(data.split(b"\n"), 1) if line.strip()]
    return [_value(number, line) for number, line in lines]


def _looks_like_lines(data: bytes) -> bool:
    """Whether the first two lines that are not blank hold a JSON mapping each; a document of one line is never read."""
    found = islice(re.finditer(rb"\S[^\n]*", data.removeprefix(codecs.BOM_UTF8)), 2)
    first = [line[0].strip() for line in found]
    return len(first) == 2 and all(map(_may_be_mapping, first)) and all(map(_is_mapping, first))


def _may_be_mapping(line: bytes) -> bool:
    """Whether the line begins and ends as a mapping does and is small enough to be tried."""
    small = line.count(b"{") + line.count(b"[") <= MAX_CONTAINERS and line.count(b",") <= MAX_NODES
    return line.startswith(b"{") and line.endswith(b"}") and small


def _is_mapping(line: bytes) -> bool:
    try:
        return isinstance(json.loads(line), dict)
    except (ValueError, RecursionError):
        return False


def _value(number: int, line: bytes) -> Any:
    try:
        return parse_document(line)
    except DocumentError as error:
        raise DocumentError(f"line {number}: {error}") from None
