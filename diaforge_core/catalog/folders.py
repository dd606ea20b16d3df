"""The files of a folder that may hold catalogs, within limits."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISDIR, S_ISLNK, S_ISREG

from ..errors import CatalogError
from ..records.tool import Skipped

MAX_FILES = 5_000
"""Files of one folder; the largest public collections have some 2,500."""
MAX_FOLDER_BYTES = 600_000_000
"""Bytes of all files of one folder together."""
MAX_FOLDER_DEPTH = 24
"""Levels of folders in folders."""


@dataclass(slots=True)
class Folder:
    """What a folder holds, in the order of its paths."""

    files: list[Path] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    """Entries that are never opened, by their path below the folder, and why."""
    size: int = 0
    """Bytes of all files together."""


def read_folder(folder: str | Path) -> Folder:
    """The regular files below the folder; links, hidden entries and what is neither file nor folder are skipped.

    CatalogError if it is no folder, cannot be opened or outgrows the limits above.
    """
    root = Path(folder).expanduser()
    if not root.is_dir():
        raise CatalogError(f"There is no folder '{folder}'. Check the path.")
    found = Folder()
    for path in _entries(root, root, 0, found):
        found.files.append(path)
        if len(found.files) > MAX_FILES or found.size > MAX_FOLDER_BYTES:
            raise CatalogError(
                f"The folder '{folder}' holds more than {MAX_FILES:,} files or {MAX_FOLDER_BYTES:,} bytes. "
                "Give the folder that holds the catalog's documents alone."
            )
    return found


def _entries(root: Path, folder: Path, depth: int, found: Folder) -> Iterator[Path]:
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        if folder == root:
            raise CatalogError(f"The folder '{root}' cannot be read: {error.strerror or error}.") from None
        found.skipped.append(_skipped(root, folder, f"it cannot be opened: {error.strerror or error}"))
        return
    for entry in entries:
        path = Path(entry.path)
        try:
            status = entry.stat(follow_symlinks=False)
        except OSError as error:
            found.skipped.append(_skipped(root, path, f"it cannot be opened: {error.strerror or error}"))
            continue
        if why := _why_not(entry.name, status.st_mode, depth):
            found.skipped.append(_skipped(root, path, why, is_fault=False))
        elif S_ISDIR(status.st_mode):
            yield from _entries(root, path, depth + 1, found)
        else:
            found.size += status.st_size
            yield path


def _why_not(name: str, mode: int, depth: int) -> str:
    """Why an entry is left out; empty if it is not."""
    if S_ISLNK(mode):
        return "links are not followed"
    if name.startswith("."):
        return "hidden files and folders are not read"
    if S_ISDIR(mode):
        return f"folders nested deeper than {MAX_FOLDER_DEPTH} levels are not read" if depth >= MAX_FOLDER_DEPTH else ""
    return "" if S_ISREG(mode) else "it is neither a file nor a folder"


def _skipped(root: Path, path: Path, why: str, *, is_fault: bool = True) -> Skipped:
    return Skipped(where=place_in(root, path), why=why, is_fault=is_fault)


def place_in(root: str | Path, path: Path) -> str:
    """The path below the folder with forward slashes, as text that can be stored."""
    text = path.relative_to(Path(root).expanduser()).as_posix()
    return text.encode("utf-8", "replace").decode("utf-8")
