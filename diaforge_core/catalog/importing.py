"""Documents in, one catalog out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ..errors import CatalogError, problem_list
from ..records.tool import Catalog, NamePair, Skipped, Tool
from ..settings import DATA_DIR
from .documents import MAX_JSON_BYTES, DocumentError, parse_document, without_collection
from .folders import place_in, read_folder
from .formats import discovery, function_tools, odata, openapi, postman
from .formats.drafts import Found
from .json_lines import json_lines
from .naming import unique_names

FORMATS = (odata, openapi, discovery, postman, function_tools)
"""Readers in the order in which they are asked whether a document is theirs."""
KNOWN_FORMATS = (
    "an OpenAPI document (2.0 to 3.2), an OData `$metadata` document, a Google discovery document, a Postman "
    "collection, or a list of tools (OpenAI, Anthropic, Gemini, MCP, BFCL)"
)


_CATALOG_SUFFIXES = (".json", ".jsonl", ".yaml", ".yml", ".xml", ".csdl", ".edmx")
"""Endings of file names that promise a document of some kind."""


@dataclass(frozen=True, slots=True)
class _Part:
    """One document: what was found in it, or why it is no catalog."""

    source: str
    found: Found
    problem: str = ""
    advice: str = ""
    is_fault: bool = True
    """Whether the problem is one to mend; a repeat is none."""


def load_catalog(path_or_name: str | Path) -> Catalog:
    """The catalog in this file or folder, looked for as a path, then among the project's own data.

    It is named after the file. CatalogError if there is no such file, or as in `import_bytes`.
    """
    given = Path(path_or_name).expanduser()
    if os.path.isdir(given):
        return import_folder(given, given.resolve().name)
    found = next((path for path in (given, DATA_DIR / given.name) if os.path.isfile(path)), None)
    if found is None:
        raise CatalogError(f"There is no catalog file '{path_or_name}', neither as a path nor in {DATA_DIR}.")
    return import_catalog([found], found.stem)


def import_catalog(files: Sequence[str | Path], name: str) -> Catalog:
    """One catalog of all tools in these files; CatalogError if a file cannot be opened, or as in `import_bytes`."""
    return import_bytes(((Path(file).name, read_bytes(Path(file))) for file in files), name)


def import_folder(folder: str | Path, name: str) -> Catalog:
    """One catalog of all tools in the files below the folder, in the order of their paths.

    A file that cannot be opened or is no catalog is in `skipped`, by its path below the folder. CatalogError if no file
    is a catalog, or as in `catalog_files`.
    """
    inside = read_folder(folder)
    skipped = inside.skipped
    with without_collection():
        parts = [_forgiven(part) for part in _parts(_opened(folder, inside.files, skipped))]
    if not parts:
        raise CatalogError(
            f"The folder '{folder}' holds no file that could be read. Give a folder with {KNOWN_FORMATS}."
        )
    return _joined(parts, name, skipped, headline=f"The folder '{folder}'")


def catalog_files(folder: str | Path) -> list[Path]:
    """The files that `import_folder` would open, in its order.

    CatalogError if it is no folder, cannot be opened, or holds too many files or bytes to be a catalog.
    """
    return read_folder(folder).files


def import_bytes(documents: Iterable[tuple[str, bytes]], name: str) -> Catalog:
    """One catalog of all tools in these documents, each given as its file name and content.

    Tools stand in the order of the documents; names are cleaned and unique. What could not be read of a document is in
    `skipped`, named by file and place; so are a document that is no catalog and one that was given before. CatalogError
    if no document is a catalog, or if no tool could be read.
    """
    with without_collection():
        parts = list(_parts(documents))
    if not parts:
        raise CatalogError(f"No file was given. Give {KNOWN_FORMATS}.")
    if len(parts) == 1 and parts[0].problem:
        raise CatalogError(f"{parts[0].source}: {parts[0].problem}{parts[0].advice}")
    return _joined(parts, name, (), headline=parts[0].source if len(parts) == 1 else "The files")


def import_report(catalog: Catalog, source: str) -> str:
    """What could not be read, one line each, and what to do; empty when everything was."""
    if not catalog.faults:
        return ""
    bad, good = len(catalog.faults), len(catalog.tools)
    return problem_list(
        f"{source}: {bad} of {bad + good} operations could not be read.",
        [(each.where, each.why) for each in catalog.faults],
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


def _opened(folder: str | Path, files: list[Path], skipped: list[Skipped]) -> Iterator[tuple[str, bytes]]:
    """Place in the folder and content of each file, one at a time; what cannot be opened is added to `skipped`."""
    for path in files:
        try:
            yield place_in(folder, path), read_bytes(path)
        except CatalogError as error:
            skipped.append(Skipped(where=place_in(folder, path), why=str(error)))


def _parts(documents: Iterable[tuple[str, bytes]]) -> Iterator[_Part]:
    """Each document read; one that holds the same bytes as an earlier one is not read again."""
    earlier: dict[bytes, str] = {}
    for name, data in documents:
        source = name.encode("utf-8", "replace").decode("utf-8")
        digest = hashlib.blake2b(data).digest()
        if digest in earlier:
            yield _Part(source, Found(), f"it is the same as `{earlier[digest]}`, byte for byte", is_fault=False)
        else:
            earlier[digest] = source
            yield _part(source, data)


def _forgiven(part: _Part) -> _Part:
    """The part; a file of a folder that does not even look like a document was never meant as a catalog."""
    return part if part.source.lower().endswith(_CATALOG_SUFFIXES) else replace(part, is_fault=False)


def _part(source: str, data: bytes) -> _Part:
    try:
        return _Part(source, _read(source, data))
    except DocumentError as error:
        return _Part(source, Found(), str(error), f". Give {KNOWN_FORMATS}; nothing was imported.")
    except CatalogError as error:
        return _Part(source, Found(), str(error).removeprefix(f"{source}: "))


def _read(source: str, data: bytes) -> Found:
    """DocumentError if the document is none or of no known kind, CatalogError if it is of one but cannot be used."""
    lines = json_lines(data)
    document: Any = parse_document(data) if lines is None else lines
    for reader in FORMATS:
        if reader.recognises(document):
            return reader.read(document, source)
    raise DocumentError(f"this is not a catalog: it holds {_describe(document)}, nothing that names operations")


def _joined(parts: Sequence[_Part], name: str, skipped: Iterable[Skipped], headline: str) -> Catalog:
    """The parts' tools under unique names, their pairs, and all that was skipped; CatalogError if there is no tool."""
    several = len(parts) > 1
    problems = [
        each.model_copy(update={"where": f"{part.source}: {each.where}"}) if several else each
        for part in parts
        for each in part.found.skipped
    ]
    problems += [
        Skipped(
            where=part.source,
            why=part.problem or "it declares no operations",
            is_fault=bool(part.problem) and part.is_fault,
        )
        for part in parts
        if part.problem or not (part.found.tools or part.found.skipped)
    ]
    problems += skipped
    tools = unique_names([tool for part in parts for tool in part.found.tools])
    if not tools:
        raise CatalogError(
            problem_list(
                f"{headline}: no operation could be read.",
                [(each.where, each.why) for each in problems],
                "Nothing was imported. Correct these and import again.",
            )
        )
    pinned, banned = _pairs(parts, tools, problems)
    return Catalog(name=name, tools=tools, skipped=tuple(problems), pinned=pinned, banned=banned)


def _pairs(
    parts: Sequence[_Part], tools: Sequence[Tool], problems: list[Skipped]
) -> tuple[tuple[NamePair, ...], tuple[NamePair, ...]]:
    """The pairs that the documents pin and ban, under the tools' final names; those of no use are problems."""
    pairs: dict[str, set[NamePair]] = {"pinned": set(), "banned": set()}
    start = 0
    for part in parts:
        end = start + len(part.found.tools)
        names = {tool.name: final.name for tool, final in zip(part.found.tools, tools[start:end], strict=True)}
        start = end
        for kind, one, other in part.found.pairs:
            pair = (names[one], names.get(other, ""))
            if pair[0] == pair[1] or not pair[1]:
                why = f"there is no other tool `{other[:64]}` to pair it with"
                problems.append(Skipped(where=f"{part.source}: {one}", why=why))
            else:
                pairs[kind].add((min(pair), max(pair)))
    for pair in sorted(pairs["pinned"] & pairs["banned"]):
        pairs["banned"].discard(pair)
        problems.append(Skipped(where=" and ".join(pair), why="the pair is pinned and banned; it was only pinned"))
    return tuple(sorted(pairs["pinned"])), tuple(sorted(pairs["banned"]))


def _describe(document: Any) -> str:
    if isinstance(document, dict):
        keys = ", ".join(f"`{key[:30]}`" for key in list(document)[:4])
        return f"a mapping with {keys}" if keys else "an empty mapping"
    if isinstance(document, list):
        return f"a list of {len(document)}"
    return "plain text" if isinstance(document, str) else "a single value"
