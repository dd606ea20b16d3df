"""Dialogues in and out of files."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import BinaryIO

from ..errors import DataError
from ..records.dialogue import Dialogue
from ..settings import DATA_DIR
from .exchange.parsing import parse, refuse_bad

_ADVICE = "Correct or remove these and load the file again; nothing was loaded."


def load_synthetic_data(path: str | Path) -> list[Dialogue]:
    """The dialogues of a file of any form that `export` writes, in its order; blank lines are skipped.

    `path` is looked for as it stands, then in `data/`. DataError if there is no such file, if it
    holds no dialogue, or if any row is not one of ours: a single error that names every bad row and its fault.
    """
    found = find_file(path)
    with opened(found) as file:
        parsed = parse(file, found.name, found.stem)
    refuse_bad(parsed, found.name, _ADVICE)
    if parsed.catalog:
        raise DataError(
            f"{found.name} was written by another program, so its dialogues need a catalog of their own. Load it into "
            "a workspace: python -m diaforge_core load FILE --dataset NAME."
        )
    return list(parsed.dialogues)


def find_file(path: str | Path) -> Path:
    """Where the file is: as the path stands, else in `data/`; DataError if it is in neither place."""
    given = Path(path).expanduser()
    tried = [given] if given.is_absolute() else [given, DATA_DIR / given]
    for candidate in tried:
        if os.path.isfile(candidate):
            return candidate
    places = " nor as ".join(str(place) for place in tried)
    raise DataError(f"There is no dialogue file '{given}': it is not there as {places}. Give the path of a file.")


def opened(path: Path) -> BinaryIO:
    """The file, open for reading; DataError if it cannot be."""
    try:
        return path.open("rb")
    except OSError as problem:
        raise DataError(f"{path} cannot be read: {problem.strerror}. Check the file and its permissions.") from problem


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
