"""Files that hold one JSON mapping a line."""

from __future__ import annotations

import json
from typing import Any

from .documents import DocumentError, parse_document

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
    """Whether the first two lines that are not blank hold a JSON mapping each."""
    rest, seen = data.strip(), 0
    while rest and seen < 2:
        line, _, rest = rest.partition(b"\n")
        if line.strip() and not _is_mapping(line.strip()):
            return False
        seen += bool(line.strip())
    return seen == 2


def _is_mapping(line: bytes) -> bool:
    if not (line.removeprefix(b"\xef\xbb\xbf").startswith(b"{") and line.endswith(b"}")):
        return False
    try:
        return isinstance(json.loads(line.removeprefix(b"\xef\xbb\xbf")), dict)
    except (ValueError, RecursionError):
        return False


def _value(number: int, line: bytes) -> Any:
    try:
        return parse_document(line)
    except DocumentError as error:
        raise DocumentError(f"line {number}: {error}") from None
