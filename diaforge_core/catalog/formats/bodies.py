"""Schemas of bodies and variables that a document shows by an example alone."""

from __future__ import annotations

import re
from typing import Any

MAX_EXAMPLE = 500
"""Characters of an example's text that are kept."""
_DATE_TIME = re.compile(r"\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}")
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}$")
_PLACEHOLDER = re.compile(r"\{\{\s*([^{}]{1,100}?)\s*\}\}|<([^<>]{1,40})>")
_TYPE_WORDS = {
    "string": "string", "integer": "integer", "int": "integer", "long": "integer", "number": "number",
    "float": "number", "double": "number", "boolean": "boolean", "date": "string", "datetime": "string",
    "dateTime": "string", "uuid": "string", "email": "string",
}  # fmt: skip
_SECRET = re.compile(
    r"pass(word|phrase|wd)|secret|token|api[-_ ]?key|apikey|authori[sz]ation|credential|cookie|session|bearer|jwt"
    r"|signature|private[-_ ]?key|access[-_ ]?key",
    re.IGNORECASE,
)
_CREDENTIAL = re.compile(
    r"(x[-_])?((api|access|auth|session|csrf|xsrf|security|client|subscription|app)[-_ ]?)*"
    r"(key|apikey|token|auth|authorization|bearer|secret|jwt|cookie|password|credentials?)",
    re.IGNORECASE,
)
_SECRET_VALUE = re.compile(
    r"eyJ[\w-]{8,}\.[\w-]{8,}|\b(sk|pk|rk|ghp|gho|github_pat|xox[abpr]|glpat|PMAK)[-_][\w-]{10,}|\bAKIA[0-9A-Z]{16}"
    r"|\bAIza[\w-]{30,}|^(Bearer|Basic|Digest)\s|-----BEGIN|\b[0-9a-fA-F]{32,}\b|^[\w+/-]{40,}={0,2}$"
)


def is_secret(name: str, value: Any = None) -> bool:
    """Whether a field's name or value looks like a password, a key or a token, which is never kept."""
    return bool(_SECRET.search(name)) or (isinstance(value, str) and bool(_SECRET_VALUE.search(value)))


def is_credential(name: str) -> bool:
    """Whether a query parameter or header of this name says who calls, which the caller's machinery fills."""
    return bool(_CREDENTIAL.fullmatch(name))


def schema_of(value: Any, name: str = "") -> dict[str, Any]:
    """The schema of which the value is an example: its types, its fields, and the example itself unless it is secret.

    Nothing is required, since an example does not say what may be left out. A placeholder such as `{{x}}` is text; one
    that names a type, as `<integer>` does, is of that type.
    """
    if isinstance(value, dict):
        return {"type": "object", "properties": {key: schema_of(each, key) for key, each in value.items()}}
    if isinstance(value, list):
        return {"type": "array", "items": _one_for_all(value, name)} if value else {"type": "array"}
    if value is None:
        return {}
    if isinstance(value, str):
        return _text_schema(value, name)
    kind = "boolean" if isinstance(value, bool) else "integer" if isinstance(value, int) else "number"
    return {"type": kind, **({} if is_secret(name) else {"examples": [value]})}


def _one_for_all(values: list[Any], name: str) -> dict[str, Any]:
    """The schema of a list's entries: that of the first if they are of one type, mappings with all their fields."""
    if all(isinstance(each, dict) for each in values):
        merged: dict[str, Any] = {}
        for each in values:
            merged = {**each, **merged}
        return schema_of(merged, name)
    return schema_of(values[0], name) if len({type(each) for each in values}) == 1 else {}


def _text_schema(text: str, name: str) -> dict[str, Any]:
    if found := _PLACEHOLDER.fullmatch(text.strip()):
        return {"type": _TYPE_WORDS.get(found[2] or "", "string")}
    schema: dict[str, Any] = {"type": "string"}
    if _DATE_TIME.match(text):
        schema["format"] = "date-time"
    elif _DATE.match(text):
        schema["format"] = "date"
    if text and not _PLACEHOLDER.search(text) and len(text) <= MAX_EXAMPLE and not is_secret(name, text):
        schema["examples"] = [text]
    return schema
