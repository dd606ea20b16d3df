"""Working notes: the forms of a thought that small models are taught, for who writes them and who holds models to them.

A note names each open tool with the answer that means it, or one tool with its call as far as it is known.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..catalog.leaves import leaves
from ..records.dialogue import Evidence
from ..records.tool import Tool
from .call_schema import plain_schema
from .reading import assemble

NONE_OPEN = "Open: none."
_TO_CONFIRM = " To be confirmed."
_GAP, _NOT_GIVEN = "\0", "\1"
"""Stand for a required value that is missing, and for another that nobody gave."""
_WRITTEN = {json.dumps(_GAP): "?", json.dumps(_NOT_GIVEN): "-"}
_MOST = 12
"""Values of a tool up to which a draft names those too that nobody gave."""
Keys = tuple[str, ...]


def open_note(answers: Iterable[tuple[str, str]]) -> str:
    """The tools that are open, each with the answer that means it."""
    return f"Open: {'; '.join(f'{name} = {answer}' for name, answer in answers)}."


def draft_note(tool: Tool, values: Mapping[str, Evidence], gaps: Sequence[str], *, to_confirm: bool = False) -> str:
    """The tool with a draft of its call in the order of its parameters, so that to write it is to walk along them.

    It holds the values given, a question mark for each of the `gaps` (dotted paths), and a dash for what may be left
    out.
    """
    every = [leaf.path for leaf in leaves(tool)]
    marks = dict.fromkeys(gaps, _GAP)
    if len(every) <= _MOST:
        marks |= {path: _NOT_GIVEN for path in every if not any(_overlap(path, gap) for gap in gaps)}
    told = {
        path: Evidence(parameter=path, value=mark, turn=0, start=0, end=0)
        for path, mark in marks.items()
        if not any(_overlap(path, given) for given in values)
    }
    draft = json.dumps(assemble(tool, {**values, **told}), ensure_ascii=False)
    for mark, written in _WRITTEN.items():
        draft = draft.replace(mark, written)
    return f"Tool: {tool.name} {draft}.{_TO_CONFIRM if to_confirm else ''}"


def _overlap(one: str, other: str) -> bool:
    """Whether one of two dotted paths is, or lies within, the other."""
    return f"{one}.".startswith(f"{other}.") or f"{other}.".startswith(f"{one}.")


# ---- What a model that writes notes is held to -----------------------------------------------------------------------

_MOST_ONCE = 8
_SAFE_TEXT = {"type": "string", "pattern": r"^[^<\[]*$"}
"""Begins nothing that could be read as a call."""
_SAFE_ANY = {"anyOf": [_SAFE_TEXT, *({"type": kind} for kind in ("number", "boolean", "null"))]}


def open_rules(tools: Sequence[Tool]) -> list[str]:
    """Rules of llguidance's grammar for `noted`, a thought on which of the tools are open.

    It names none of them twice; of more than eight, for which there would be very many rules, it may.
    """
    every = (1 << len(tools)) - 1
    lines = [r"MORE: /[^<\[;=]+; /", r"LAST: /[^<\[;=]+\.<\/think>/"]
    if len(tools) > _MOST_ONCE:
        every = 0
        lines.append(f"open0: ({' | '.join(_quoted(f'{tool.name} = ') for tool in tools)}) (MORE open0 | LAST)")
    for left in range(1, every + 1):
        named = [(tool.name, left & ~(1 << place)) for place, tool in enumerate(tools) if left & 1 << place]
        ways = [f"{_quoted(f'{name} = ')} {f'(MORE open{rest} | LAST)' if rest else 'LAST'}" for name, rest in named]
        lines.append(f"open{left}: {' | '.join(ways)}")
    return [*lines, f'noted: "<think>Open: " ("none.</think>" | open{every})']


def draft_rules(tool: Tool, place: int, spacing: Mapping[str, Any]) -> list[str]:
    """Rules of llguidance's grammar for the thought that drafts a call of the tool, but for its end.

    `draft` with the place behind it is a note that may have gaps, `whole` one that has none; `spacing` is how JSON is
    spaced in them.
    """
    parts: dict[str, Any] = {name: {} for name in tool.properties}
    for leaf in leaves(tool):
        inner = parts
        for key in leaf.keys:
            inner = inner.setdefault(key, {})
    rules = _DraftRules(tool, f"t{place}_", spacing)
    heads = [
        f'{name}{place}: "<think>Tool: {tool.name} " {rules.object((), parts, gaps)} "."'
        for name, gaps in (("draft", True), ("whole", False))
    ]
    return [*heads, *(f"{name}: {body}" for body, name in rules.names.items())]


class _DraftRules:
    """The rules below a draft's name, in the making."""

    def __init__(self, tool: Tool, prefix: str, spacing: Mapping[str, Any]) -> None:
        self.names: dict[str, str] = {}
        """Of each rule by what it says."""
        self._required, self._prefix, self._spacing = tool.required, prefix, spacing
        self._schemas = {leaf.keys: leaf.schema for leaf in leaves(tool)}
        self._names_all = len(self._schemas) <= _MOST

    def object(self, keys: Keys, parts: dict[str, Any], gaps: bool) -> str:
        """The name of the rule for an object with these parts, in their order."""
        first = after = self._rule('""')
        for key, inner in reversed(parts.items()):
            path, written = (*keys, key), json.dumps(key, ensure_ascii=False)
            value = self._value(path, inner, gaps)
            left_out = () if self._names_all or self._must(path) else (first, after)
            first = self._rule(f"{_quoted(f'{written}: ')} {value} {after}", *left_out[:1])
            after = self._rule(f"{_quoted(f', {written}: ')} {value} {after}", *left_out[1:])
        return self._rule(f'"{{" {first} "}}"')

    def _value(self, path: Keys, inner: dict[str, Any], gaps: bool) -> str:
        held = _safe(plain_schema(self._schemas.get(path, {}), len(path)))
        ways = [self._rule(f"%json {json.dumps({'x-guidance': self._spacing, **held})}")]
        ways += [self.object(path, inner, gaps)] if inner else []
        ways += ['"?"'] if gaps else []
        ways += [] if self._must(path) else ['"-"']
        return self._rule(*ways)

    def _must(self, path: Keys) -> bool:
        return len(path) == 1 and path[0] in self._required

    def _rule(self, *ways: str) -> str:
        return self.names.setdefault(" | ".join(ways), f"{self._prefix}{len(self.names)}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _safe(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The plain schema for values whose texts begin nothing that could be read as a call."""
    if not schema:
        return dict(_SAFE_ANY)
    if "anyOf" in schema:
        return {"anyOf": [_safe(part) for part in schema["anyOf"]]}
    if schema.get("type") == "string":
        return dict(_SAFE_TEXT)
    if schema.get("type") == "array":
        return {**schema, "items": _safe(schema["items"])}
    if schema.get("type") != "object":
        return dict(schema)
    known = {name: _safe(part) for name, part in schema.get("properties", {}).items()}
    if schema.get("additionalProperties", True) is False:
        return {**schema, "properties": known}
    others = {_SAFE_TEXT["pattern"]: _SAFE_ANY}
    return {**schema, "properties": known, "patternProperties": others, "additionalProperties": False}
