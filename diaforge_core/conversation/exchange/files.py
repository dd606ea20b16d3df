"""The rows of a file, whatever kind it is: JSON lines, one JSON list, or Parquet; told apart by content."""

from __future__ import annotations

import codecs
import json
import math
from collections.abc import Iterator
from typing import Any, BinaryIO

from ...errors import DataError
from ..prompts import STRICT_JSON
from .messages import RowProblem

MAX_PARQUET_BYTES = 8 << 30
"""Bytes of a Parquet file's columns once they are unpacked."""
MAX_DEPTH = 100
"""Levels of nesting in one row; what is stored must be read again by a reader that stops at 200."""
_PARQUET = b"PAR1"
_ROWS_AT_ONCE = 64


def rows_of(file: BinaryIO, source: str) -> Iterator[tuple[str, dict[str, Any] | RowProblem]]:
    """The place of each row and the row, or why it is none; blank lines are passed over.

    DataError if the file as a whole cannot be read.
    """
    start = file.read(4096)
    file.seek(0)
    if start.startswith(_PARQUET):
        yield from _parquet_rows(file, source)
    elif start.removeprefix(codecs.BOM_UTF8).lstrip().startswith(b"["):
        yield from _listed_rows(file.read(), source)
    elif _is_our_list(start):
        raise DataError(
            f"{source} is the list for a spreadsheet, which does not hold whole dialogues. Export the dataset in "
            "another form and load that."
        )
    else:
        yield from _line_rows(file)


def _line_rows(file: BinaryIO) -> Iterator[tuple[str, dict[str, Any] | RowProblem]]:
    for number, line in enumerate(file, 1):
        text = line.removeprefix(codecs.BOM_UTF8) if number == 1 else line
        if text.strip():
            yield f"line {number}", _parsed(text)


def _parsed(text: bytes) -> dict[str, Any] | RowProblem:
    try:
        return _row(STRICT_JSON.decode(text.decode("utf-8").strip()))
    except UnicodeDecodeError:
        return RowProblem("it is not UTF-8 text")
    except RecursionError:
        return RowProblem(f"it nests deeper than {MAX_DEPTH} levels")
    except json.JSONDecodeError as problem:
        return RowProblem(f"it is not JSON ({problem.msg} at character {problem.pos + 1})")
    except ValueError as problem:
        return RowProblem(f"it is not JSON ({problem})"[:200])


def _listed_rows(content: bytes, source: str) -> Iterator[tuple[str, dict[str, Any] | RowProblem]]:
    try:
        rows = STRICT_JSON.decode(content.decode("utf-8-sig"))
    except (ValueError, RecursionError) as problem:
        raise DataError(
            f"{source} begins as a JSON list and is none ({problem}). Correct it, or give one JSON object a line."
        ) from problem
    for number, row in enumerate(rows, 1):
        yield f"row {number}", _row(row)


def _parquet_rows(file: BinaryIO, source: str) -> Iterator[tuple[str, dict[str, Any] | RowProblem]]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    number = 0
    try:
        parquet = pq.ParquetFile(file)
        groups = range(parquet.metadata.num_row_groups)
        if sum(parquet.metadata.row_group(group).total_byte_size for group in groups) > MAX_PARQUET_BYTES:
            raise DataError(
                f"{source} unpacks to more than {MAX_PARQUET_BYTES >> 30} GB. Split it and load the parts into one "
                "dataset."
            )
        for batch in parquet.iter_batches(batch_size=_ROWS_AT_ONCE):
            for row in batch.to_pylist():
                number += 1
                yield f"row {number}", _row(_without_fillings(row))
    except (pa.ArrowException, OSError) as problem:
        raise DataError(f"{source} is a Parquet file that cannot be read: {problem}. Export it again.") from problem


def _without_fillings(value: Any) -> Any:
    """The value as JSON, without the nulls that a column of objects holds for the keys that an object lacks."""
    if isinstance(value, dict):
        kept = {key: inner for key, inner in value.items() if inner is not None and inner == inner}  # NaN is not itself
        return {key: _without_fillings(inner) for key, inner in kept.items()}
    if isinstance(value, list):
        return [_without_fillings(inner) for inner in value]
    return value if isinstance(value, str | int | float | None) else str(value)


def _row(value: Any) -> dict[str, Any] | RowProblem:
    if not isinstance(value, dict):
        return RowProblem("it is no JSON object")
    fault = _unsound(value)
    return RowProblem(fault) if fault else value


def _unsound(value: Any, depth: int = 0) -> str:
    """Why a row could not be stored as it is; empty if it can."""
    if depth > MAX_DEPTH:
        return f"it nests deeper than {MAX_DEPTH} levels"
    if isinstance(value, float) and not math.isfinite(value):
        return "it holds a number that JSON does not know"
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError:
            return "it holds half a character (a lone surrogate)"
        return ""
    inside = [*value, *value.values()] if isinstance(value, dict) else value if isinstance(value, list) else ()
    return next((fault for inner in inside if (fault := _unsound(inner, depth + 1))), "")


def _is_our_list(start: bytes) -> bool:
    return start.removeprefix(codecs.BOM_UTF8).startswith(b'"id","opening"')
