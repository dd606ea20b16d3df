"""Bytes in, plain JSON-like values out, within limits that no document can talk its way around."""

from __future__ import annotations

import contextlib
import gc
import json
import math
import re
from collections.abc import Iterator
from typing import Any

import yaml
from yaml.events import (
    AliasEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    SequenceStartEvent,
)

from .xml_documents import XmlProblem, looks_like_xml, parse_xml

MAX_JSON_BYTES = 48_000_000
"""Bytes of a JSON document; the largest public catalogs are near 12 MB."""
MAX_YAML_BYTES = 24_000_000
"""Bytes of a YAML document, which takes twice as long to read."""
MAX_NODES = 1_500_000
"""Values in one document, each use of a YAML alias counted as all that it stands for."""
MAX_CONTAINERS = 500_000
"""Mappings and lists in one JSON document, some 200 bytes of memory each."""
MAX_DEPTH = 200
"""Levels of nesting in one document."""
MAX_DIRECTIVES = 100
"""Lines such as `%TAG` before a YAML document; each is compared with all others."""
MAX_INTEGER_DIGITS = 400
"""Digits of one number; longer ones serve only to waste time."""
_YAML_READER = yaml.CLoader if yaml.__with_libyaml__ else yaml.Loader
"""Only its events are used, never its objects: tags such as `!!python/object` make nothing."""


class DocumentError(ValueError):
    """Why a document cannot be read, as the end of a sentence."""


def parse_document(data: bytes) -> Any:
    """The value that a JSON or YAML 1.2 document holds, or the root element of an XML one.

    A value is made of dicts with text keys, lists, text, numbers, booleans and None. DocumentError if the document is
    empty, of no such format, or larger or deeper than the limits above.
    """
    if not data or data.isspace():
        raise DocumentError("the file is empty")
    if len(data) > MAX_JSON_BYTES:
        raise DocumentError(f"the file has {len(data):,} bytes (limit {MAX_JSON_BYTES:,})")
    if looks_like_xml(data):
        return _xml(data)
    with without_collection():
        return _parse(_decode(data), len(data))


@contextlib.contextmanager
def without_collection() -> Iterator[None]:
    """Holds back the garbage collector, which would look through all values again and again and find no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _parse(text: str, size: int) -> Any:
    start = re.match(r"\s*(.?)", text)
    first = start[1] if start else ""
    if first in ("{", "["):
        try:
            return _bounded(_json(text))
        except json.JSONDecodeError as error:
            problem = f"line {error.lineno}, column {error.colno}: {error.msg}"
            if first == "[" or '"' in text[:200]:  # clearly meant as JSON, so say where JSON broke
                raise DocumentError(f"it is not valid JSON ({problem})") from None
    if size > MAX_YAML_BYTES:
        raise DocumentError(f"the YAML file has {size:,} bytes (limit {MAX_YAML_BYTES:,}; use JSON for more)")
    return _yaml(text)


def _xml(data: bytes) -> Any:
    try:
        return parse_xml(data)
    except XmlProblem as problem:
        raise DocumentError(str(problem)) from None


def _decode(data: bytes) -> str:
    """The text in UTF-8, or in UTF-16 or UTF-32 with or without a byte order mark."""
    try:
        return data.decode(json.detect_encoding(data))
    except UnicodeDecodeError:
        raise DocumentError("it is not text in UTF-8; save it as UTF-8") from None


def _json(text: str) -> Any:
    if text.count("{") + text.count("[") > MAX_CONTAINERS or text.count(",") > MAX_NODES:
        raise DocumentError(f"it holds more than {MAX_NODES:,} values or {MAX_CONTAINERS:,} mappings and lists")
    try:
        return json.loads(text, parse_int=_integer, parse_constant=_no_constant, object_pairs_hook=_object)
    except RecursionError:
        raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dict; DocumentError if a key stands twice with different values, for either may be meant."""
    found = dict(pairs)
    if len(found) != len(pairs):
        earlier: dict[str, Any] = {}
        for key, value in pairs:
            if earlier.setdefault(key, value) != value:
                beside = ", ".join(f"`{other[:40]}`" for other in found if other != key) or "nothing else"
                raise DocumentError(f"the key `{key[:60]}` stands twice in one mapping (beside {beside[:200]})")
    return found


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
        nodes += len(holder)
        if depth > MAX_DEPTH:
            raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels")
        if nodes > MAX_NODES:
            raise DocumentError(f"it holds more than {MAX_NODES:,} values")
        if isinstance(holder, dict) and not all(map(_is_clean, holder)):
            _clean_keys(holder)
        for key, child in holder.items() if isinstance(holder, dict) else enumerate(holder):
            if isinstance(child, str):
                if not _is_clean(child):
                    holder[key] = _clean(child)
            elif isinstance(child, (dict, list)):
                waiting.append((child, depth + 1))
            elif isinstance(child, float) and not math.isfinite(child):
                raise DocumentError("it holds a number too large to be one")
    return root[0]


def _clean_keys(holder: dict[str, Any]) -> None:
    """Replaces half characters in the keys, in place, in the same order."""
    pairs = [(_clean(key), value) for key, value in holder.items()]
    holder.clear()
    holder.update(_object(pairs))


def _is_clean(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _clean(text: str) -> str:
    """The text with half characters (lone surrogates) replaced, since they cannot be stored."""
    return text if _is_clean(text) else text.encode("utf-8", "replace").decode("utf-8")


def _yaml(text: str) -> Any:
    """One YAML 1.2 document, core schema; built from events so that aliases and merges stay within the limits."""
    if len(re.findall(r"^%TAG", text, re.MULTILINE)) > MAX_DIRECTIVES:
        raise DocumentError(f"it has more than {MAX_DIRECTIVES} `%TAG` lines")
    try:
        return _Builder().build(yaml.parse(text, Loader=_YAML_READER))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        where = f"line {min(mark.line, text.count(chr(10))) + 1}, column {mark.column + 1}: " if mark else ""
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or "unreadable"
        raise DocumentError(f"it is neither JSON nor valid YAML ({where}{' '.join(str(why).split())[:200]})") from None


class _Builder:
    """Turns YAML events into values. Each container knows how many values and levels it stands for."""

    def __init__(self) -> None:
        self.anchors: dict[str, tuple[Any, int, int]] = {}
        self.open: list[_Open] = [_Open("", False, 0)]

    def build(self, events: Iterator[Any]) -> Any:
        """The one document's value. DocumentError if there are several, or past the limits."""
        documents = 0
        for event in events:
            if isinstance(event, ScalarEvent):
                self._add(_scalar(event), 1, 0, event.anchor)
            elif isinstance(event, (MappingStartEvent, SequenceStartEvent)):
                self._open(event)
            elif isinstance(event, (MappingEndEvent, SequenceEndEvent)):
                done = self.open.pop()
                self._add(done.value(), done.size, done.depth + 1, done.anchor)
            elif isinstance(event, AliasEvent):
                self._add_alias(event.anchor)
            elif isinstance(event, DocumentStartEvent):
                documents += 1
                if documents > 1:
                    raise DocumentError("it holds more than one YAML document")
        roots = self.open[0].items
        if not roots:
            raise DocumentError("the file is empty")
        return roots[0]

    def _open(self, event: MappingStartEvent | SequenceStartEvent) -> None:
        self.open.append(_Open(event.anchor, isinstance(event, MappingStartEvent), event.start_mark.line + 1))
        if len(self.open) > MAX_DEPTH:
            raise DocumentError(f"it is nested deeper than {MAX_DEPTH} levels")

    def _add_alias(self, anchor: str) -> None:
        if anchor not in self.anchors:
            raise DocumentError(f"it uses the alias `*{anchor[:60]}` before, or without, its definition")
        self._add(*self.anchors[anchor], "")

    def _add(self, value: Any, size: int, depth: int, anchor: str | None) -> None:
        holder = self.open[-1]
        holder.items.append(value)
        holder.size += size
        holder.depth = max(holder.depth, depth)
        if holder.size > MAX_NODES:
            raise DocumentError(f"it, or what its aliases stand for, holds more than {MAX_NODES:,} values")
        if depth > MAX_DEPTH:
            raise DocumentError(f"its aliases are nested deeper than {MAX_DEPTH} levels")
        if anchor:
            self.anchors[anchor] = (value, size, depth)


class _Open:
    """A mapping or list of which the end has not been read."""

    __slots__ = ("anchor", "depth", "is_mapping", "items", "line", "size")

    def __init__(self, anchor: str | None, is_mapping: bool, line: int) -> None:
        self.items: list[Any] = []
        self.anchor, self.is_mapping, self.line = anchor, is_mapping, line
        self.size, self.depth = 1, 0

    def value(self) -> Any:
        return _mapping(self.items, self.line) if self.is_mapping else self.items


def _mapping(items: list[Any], line: int) -> dict[str, Any]:
    """Alternating keys and values as a dict; `<<` merges the mappings it names, own keys win."""
    own: dict[str, Any] = {}
    merged: dict[str, Any] = {}
    for key, value in zip(items[::2], items[1::2], strict=True):
        if key == "<<" and isinstance(value, (dict, list)):
            for source in [value] if isinstance(value, dict) else value:
                if isinstance(source, dict):
                    merged |= {k: v for k, v in source.items() if k not in merged}
            continue
        name = _key(key, line)
        if name in own and own[name] != value:
            raise DocumentError(f"the key `{name[:60]}` stands twice in the mapping that begins in line {line}")
        own[name] = value
    return merged | own


def _key(key: Any, line: int) -> str:
    if isinstance(key, (dict, list)):
        raise DocumentError(f"the mapping that begins in line {line} has a mapping or a list as a key")
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
