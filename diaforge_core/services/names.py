"""Names that come from outside, made safe before they reach a path or a query."""

from __future__ import annotations

import re
from pathlib import PurePosixPath, PureWindowsPath

from ..errors import DataError

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._-]{0,63}")
_DEVICE = re.compile(r"(?:con|prn|aux|nul|com\d|lpt\d)(?: *\.|$)", re.IGNORECASE)
"""Names that mean a device on Windows, with any ending."""


def clean_name(name: str, what: str) -> str:
    """The trimmed name of a catalog, dataset or run; DataError if it could not be a name.

    Letters, digits, space, dot, dash and underscore, at most 64, starting with a letter or digit: it is shown in
    links and used in file names, but never as a path.
    """
    trimmed = name.strip()
    if not _NAME.fullmatch(trimmed):
        raise DataError(
            f"'{name[:80]}' cannot be the name of a {what}. Use 1 to 64 letters, digits, spaces, '.', '_' or '-', "
            "starting with a letter or a digit."
        )
    return trimmed


def safe_file_name(raw: str) -> str:
    """The last part of an uploaded file's name, without folders, control characters, outer dots, a device's name."""
    last = PurePosixPath(PureWindowsPath(raw).name).name
    kept = re.sub(r"[^\w .()+-]", "_", last).strip(" .")
    kept = kept[-120:].strip(" .") or "file"
    return f"_{kept}" if _DEVICE.match(kept) else kept
