"""Dialogues in and out of JSONL files: one `Dialogue` record a line, UTF-8."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

from pydantic import ValidationError

from ..errors import DataError, problem_list
from ..records.dialogue import Dialogue
from ..settings import DATA_DIR

_ADVICE = "Correct or remove these lines and load the file again; nothing was loaded."
_ADVICE_ON_EXPORTS = (
    "This is a form for training tools, which holds no scenario; nothing was loaded. "
    "Export the dataset again with --format dialogues and load that."
)
_EXPORT_KEYS = ({"messages"}, {"conversations"}, {"prompt", "chosen"})
"""Keys of the lines that `export` writes for TRL and OpenAI, for ShareGPT, and for DPO."""


def load_synthetic_data(path: str | Path) -> list[Dialogue]:
    """The dialogues of a JSONL file in its order; blank lines are skipped.

    `path` is looked for as it stands, then in `data/`. DataError if there is no such file, if it
    holds no dialogue, or if any line is not one in UTF-8: a single error that names every bad line and its fault.
    """
    found = _find(Path(path).expanduser())
    try:
        content = found.read_bytes()
    except OSError as problem:
        raise DataError(f"{found} cannot be read: {problem.strerror}. Check the file and its permissions.") from problem
    return parse_dialogues(content, found.name)


def parse_dialogues(content: bytes, source: str) -> list[Dialogue]:
    """The dialogues of JSONL text; `source` names it in the errors, which are those of `load_synthetic_data`."""
    dialogues: list[Dialogue] = []
    problems: list[tuple[str, str]] = []
    first_line_of: dict[tuple[str, int], int] = {}
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), 1):
        if not line.strip():
            continue
        try:
            dialogue = Dialogue.model_validate_json(line)
        except ValidationError as problem:
            problems.append((f"line {number}", _why(problem)))
            continue
        earlier = first_line_of.setdefault((dialogue.id, dialogue.version), number)
        if earlier != number:
            problems.append((f"line {number}", f"dialogue '{dialogue.id}' stands in line {earlier} already"))
        dialogues.append(dialogue)
    if problems:
        headline = f"{source}: {len(problems)} {'line is' if len(problems) == 1 else 'lines are'} not usable."
        advice = _ADVICE_ON_EXPORTS if _is_export(content.partition(b"\n")[0]) else _ADVICE
        raise DataError(problem_list(headline, problems, advice))
    if not dialogues:
        raise DataError(f"{source} holds no dialogue. Give a JSONL file with one dialogue record a line.")
    return dialogues


def write_dialogues(path: str | Path, dialogues: Iterable[Dialogue]) -> int:
    """How many were written, one JSON line each; the file appears whole or, if anything fails, stays as it was."""
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    count = 0
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            for dialogue in dialogues:
                file.write(dialogue.model_dump_json() + "\n")
                count += 1
            file.flush()
            os.fsync(file.fileno())
        os.replace(partial, target)
    except BaseException:
        Path(partial).unlink(missing_ok=True)
        raise
    return count


def _find(path: Path) -> Path:
    tried = [path] if path.is_absolute() else [path, DATA_DIR / path]
    for candidate in tried:
        if os.path.isfile(candidate):
            return candidate
    places = " nor as ".join(str(place) for place in tried)
    raise DataError(f"There is no dialogue file '{path}': it is not there as {places}. Give the path of a JSONL file.")


def _is_export(line: bytes) -> bool:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return False
    return isinstance(row, dict) and any(keys <= row.keys() for keys in _EXPORT_KEYS)


def _why(problem: ValidationError) -> str:
    """The first fault of a line in a few words, and how many more there are."""
    faults = problem.errors(include_url=False, include_input=False)
    place = ".".join(str(part) for part in faults[0]["loc"])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{f'{place}: ' if place else ''}{faults[0]['msg']}{more}"
