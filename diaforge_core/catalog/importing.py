"""Documents in, one catalog out."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from ..errors import CatalogError, problem_list
from ..records.tool import Catalog, Skipped
from ..settings import DATA_DIR
from .documents import MAX_JSON_BYTES, read_document
from .formats import discovery, function_tools, openapi
from .formats.drafts import Found
from .naming import unique_names

FORMATS = (openapi, discovery, function_tools)
"""Readers in the order in which they are asked whether a document is theirs."""


def load_catalog(path_or_name: str | Path) -> Catalog:
    """The catalog in this file, looked for as a path, then among the project's own data.

    It is named after the file. CatalogError if there is no such file, or as in `import_bytes`.
    """
    given = Path(path_or_name).expanduser()
    found = next((path for path in (given, DATA_DIR / given.name) if os.path.isfile(path)), None)
    if found is None:
        raise CatalogError(f"There is no catalog file '{path_or_name}', neither as a path nor in {DATA_DIR}.")
    return import_catalog([found], found.stem)


def import_catalog(files: Sequence[str | Path], name: str) -> Catalog:
    """One catalog of all tools in these files; CatalogError if a file cannot be opened, or as in `import_bytes`."""
    return import_bytes([(Path(file).name, read_bytes(Path(file))) for file in files], name)


def import_bytes(documents: Sequence[tuple[str, bytes]], name: str) -> Catalog:
    """One catalog of all tools in these documents, each given as its file name and content.

    Tools stand in the order of the documents; names are cleaned and unique. What could not be read of a document is in
    `skipped`, named by file and place. CatalogError if a document is no catalog at all, or if no tool could be read.
    """
    if not documents:
        raise CatalogError("No file was given. Give at least one OpenAPI document or list of tools.")
    parts = [(source, _read(source, data)) for source, data in documents]
    several = len(parts) > 1
    skipped = [
        Skipped(where=f"{source}: {each.where}" if several else each.where, why=each.why)
        for source, found in parts
        for each in found.skipped
    ]
    skipped += [
        Skipped(where=source, why="it declares no operations")
        for source, found in parts
        if not found.tools and not found.skipped
    ]
    tools = unique_names([tool for _, found in parts for tool in found.tools])
    if not tools:
        raise CatalogError(
            problem_list(
                f"{parts[0][0] if not several else 'The files'}: no operation could be read.",
                [(each.where, each.why) for each in skipped],
                "Nothing was imported. Correct these and import again.",
            )
        )
    return Catalog(name=name, tools=tools, skipped=tuple(skipped))


def import_report(catalog: Catalog, source: str) -> str:
    """What could not be read, one line each, and what to do; empty when everything was."""
    if not catalog.skipped:
        return ""
    bad, good = len(catalog.skipped), len(catalog.tools)
    return problem_list(
        f"{source}: {bad} of {bad + good} operations could not be read.",
        [(each.where, each.why) for each in catalog.skipped],
        f"The other {good} were imported. Correct {'this one' if bad == 1 else f'these {bad}'} and import again, "
        f"or leave {'it' if bad == 1 else 'them'} out.",
    )


def read_bytes(path: Path) -> bytes:
    """The file's content; CatalogError if it cannot be opened or holds more than any catalog may."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_JSON_BYTES + 1)
    except OSError as error:
        raise CatalogError(f"{path} cannot be read: {error.strerror or error}. Check the path.") from None
    if len(content) > MAX_JSON_BYTES:
        raise CatalogError(f"{path.name}: the file has more than {MAX_JSON_BYTES:,} bytes. Nothing was imported.")
    return content


def _read(source: str, data: bytes) -> Found:
    document: Any = read_document(source, data)
    for reader in FORMATS:
        if reader.recognises(document):
            return reader.read(document, source)
    raise CatalogError(
        f"{source}: this is not a catalog. It holds {_describe(document)}, but no `openapi` or `swagger` "
        "version and no list of tools. Give an OpenAPI document (2.0, 3.0, 3.1) or a list of tools."
    )


def _describe(document: Any) -> str:
    if isinstance(document, dict):
        keys = ", ".join(f"`{key[:30]}`" for key in list(document)[:4])
        return f"a mapping with {keys}" if keys else "an empty mapping"
    if isinstance(document, list):
        return f"a list of {len(document)}"
    return "plain text" if isinstance(document, str) else "a single value"
