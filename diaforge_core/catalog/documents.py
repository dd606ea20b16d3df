"""Bytes in, plain JSON-like values out, within limits that no document can talk its way around."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from ..errors import CatalogError
from .xml_documents import XmlProblem, looks_like_xml, parse_xml

MAX_JSON_BYTES = 48_000_000
"""Bytes of a JSON document; the largest public catalogs are near 12 MB."""
MAX_YAML_BYTES = 12_000_000
"""Bytes of a YAML document, which takes about 1 s a megabyte to read."""
MAX_NODES = 3_000_000
"""Values in one document, each use of a YAML alias counted as all that it stands for."""
MAX_DEPTH = 200
"""Levels of nesting in one document."""
MAX_INTEGER_DIGITS = 400
"""Digits of one number; longer ones serve only to waste time."""


class DocumentError(ValueError):
    """Why a document cannot be read, as the end of a sentence."""


def read_document(name: str, data: bytes) -> Any:
    """The value that a JSON or YAML 1.2 document holds: dicts with text keys, lists, text, numbers, booleans, None.

    CatalogError if it is empty, neither format, or larger or deeper than the limits above.
    """
    try:
        return parse_document(data)
    except DocumentError as error:
        raise CatalogError(
            f"{name}: {error}. Give an OpenAPI document (JSON or YAML) or a list of tools; nothing was imported."
        ) from None


def parse_document(data: bytes) -> Any:
    """As `read_document`, or the root element of an XML document; DocumentError instead."""
    if not data.strip():
        raise DocumentError("the file is empty")
    if len(data) > MAX_JSON_BYTES:
        raise DocumentError(f"the file has {len(data):,} bytes (limit {MAX_JSON_BYTES:,})")
    if looks_like_xml(data):
        return _xml(data)
    text = _decode(data)
    if text.lstrip()[:1] in ("{", "["):
        try:
            return _bounded(_json(text))
        except json.JSONDecodeError as error:
            problem = f"line {error.lineno}, column {error.colno}: {error.msg}"
            if text.lstrip()[:1] == "[" or '"' in text[:200]:  # clearly meant as JSON, so say where JSON broke
                raise DocumentError(f"it is not valid JSON ({problem})") from None
    if len(data) > MAX_YAML_BYTES:
        raise DocumentError(f"the YAML file has {len(data):,} bytes (limit {MAX_YAML_BYTES:,}; use JSON for more)")
    return _yaml(text)


def _xml(data: bytes) -> Any:
    try:
        return parse_xml(data)
    except XmlProblem as problem:
        raise DocumentError(str(problem)) from None


def _decode(data: bytes) -> str:
    for encoding in ("utf-8-sig", "utf-16") if data[:2] in (b"\xff\xfe", b"\xfe\xff") else ("utf-8-sig",):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise DocumentError("it is not text in UTF-8")


def _json(text: str) -> Any:
    try:
        return json.loads(text, parse_int=_integer, parse_constant=_no_constant)
    except RecursionError:
        raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels") from None


def _integer(digits: str) -> int:
    if len(digits) > MAX_INTEGER_DIGITS:
        raise DocumentError(f"it holds a number of {len(digits):,} digits (limit {MAX_INTEGER_DIGITS})")
    return int(digits)


def _no_constant(word: str) -> Any:
    raise DocumentError(f"it holds `{word}`, which is no JSON value")


def _bounded(value: Any) -> Any:
    """The same value with clean text; DocumentError past the depth or node limit. Without recursion."""
    root: list[Any] = [value]
    waiting: list[tuple[Any, int]] = [(root, 0)]
    nodes = 0
    while waiting:
        holder, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels")
        nodes += len(holder)
        if nodes > MAX_NODES:
            raise DocumentError(f"it holds more than {MAX_NODES:,} values")
        for key, child in list(holder.items() if isinstance(holder, dict) else enumerate(holder)):
            if isinstance(child, str):
                holder[key] = _clean(child)
            elif isinstance(child, (dict, list)):
                waiting.append((child, depth + 1))
            elif isinstance(child, float) and not math.isfinite(child):
                raise DocumentError("it holds a number too large to be one")
            if isinstance(key, str) and not _is_clean(key):
                holder[_clean(key)] = holder.pop(key)
    return root[0]


def _is_clean(text: str) -> bool:
    return text.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in text)


def _clean(text: str) -> str:
    """The text with half characters (lone surrogates) replaced, since they cannot be stored."""
    return text if _is_clean(text) else text.encode("utf-8", "replace").decode("utf-8")


def _yaml(text: str) -> Any:
    """One YAML 1.2 document, core schema; built from events so that aliases and merges stay within the limits."""
    try:
        return _Builder().build(YAML(typ="safe", pure=True).parse(text))
    except DocumentError:
        raise
    except YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {mark.line + 1}, column {mark.column + 1}: " if mark else ""
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise DocumentError(f"it is neither JSON nor valid YAML ({where}{' '.join(str(why).split())})") from None
    except (ValueError, IndexError, AttributeError, TypeError, AssertionError, RecursionError):
        # What the YAML scanner itself stumbles over in malformed escapes and directives.
        raise DocumentError("it is neither JSON nor valid YAML") from None


class _Builder:
    """Turns YAML events into values. Each container knows how many values it stands for."""

    def __init__(self) -> None:
        self.anchors: dict[str, tuple[Any, int]] = {}
        self.total = 0

    def build(self, events: Iterator[Any]) -> Any:
        open_containers: list[_Open] = [_Open([], "", False)]
        documents = 0
        for event in events:
            if isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise DocumentError("it holds more than one YAML document")
            elif isinstance(event, DocumentEndEvent):
                continue
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                is_mapping = isinstance(event, MappingStartEvent)
                open_containers.append(_Open([], event.anchor or "", is_mapping))
                if len(open_containers) > MAX_DEPTH:
                    raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels")
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                done = open_containers.pop()
                value = _mapping(done.items) if done.is_mapping else done.items
                self._add(open_containers[-1], value, done.size, done.anchor)
            elif isinstance(event, ScalarEvent):
                self._add(open_containers[-1], _scalar(event), 1, event.anchor or "")
            elif isinstance(event, AliasEvent):
                if event.anchor not in self.anchors:
                    raise DocumentError(f"it uses the alias `*{event.anchor}` before, or without, its definition")
                value, size = self.anchors[event.anchor]
                self._add(open_containers[-1], value, size, "")
        roots = open_containers[0].items
        if not roots:
            raise DocumentError("the file is empty")
        return roots[0]

    def _add(self, holder: _Open, value: Any, size: int, anchor: str) -> None:
        holder.items.append(value)
        holder.size += size
        if holder.size > MAX_NODES:
            raise DocumentError(f"its aliases stand for more than {MAX_NODES:,} values")
        if anchor:
            self.anchors[anchor] = (value, size)


class _Open:
    __slots__ = ("anchor", "is_mapping", "items", "size")

    def __init__(self, items: list[Any], anchor: str, is_mapping: bool) -> None:
        self.items, self.anchor, self.is_mapping, self.size = items, anchor, is_mapping, 1


def _mapping(items: list[Any]) -> dict[str, Any]:
    """Alternating keys and values as a dict; `<<` merges the mappings it names, own keys win."""
    own: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if key == "<<" and isinstance(value, (dict, list)):
            for source in [value] if isinstance(value, dict) else value:
                if isinstance(source, dict):
                    merged |= {k: v for k, v in source.items() if k not in merged}
            continue
        name = _key(key)
        if name in own:
            raise DocumentError(f"the key `{name[:60]}` stands twice in one mapping")
        own[name] = value
    return merged | own


def _key(key: Any) -> str:
    if isinstance(key, (dict, list)):
        raise DocumentError("it has a mapping or a list as a key")
    if isinstance(key, bool) or key is None:
        return {True: "true", False: "false", None: "null"}[key]
    return str(key)


def _scalar(event: Any) -> Any:
    """The value of a scalar by the YAML 1.2 core schema: `no` and `2024-01-01` stay text."""
    text = _clean(event.value)
    plain = event.implicit[0] if event.implicit else False
    return _plain(text) if plain else text


_WORDS = {"": None, "~": None} | {
    form: value
    for word, value in (("null", None), ("true", True), ("false", False))
    for form in (word, word.capitalize(), word.upper())
}
_NUMBER_START = frozenset("+-.0123456789")


def _plain(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMBER_START or "_" in text or len(text) > MAX_INTEGER_DIGITS:
        return text
    body = text[1:] if text[0] in "+-" else text
    if body.isascii() and body.isdigit():
        return int(text)
    for prefix, base in (("0x", 16), ("0o", 8)):
        if text.startswith(prefix):
            try:
                return int(text[2:], base)
            except ValueError:
                return text
    if not body or body[0] not in ".0123456789" or not set(body) <= set("0123456789.eE+-"):
        return text
    try:
        number = float(text)
    except ValueError:
        return text
    return number if math.isfinite(number) else text
