"""Working notes: the forms of a thought that small models are taught, for who writes them and who holds models to them.

A note names each open tool with the answer that means it, or one tool with its call as far as it is known.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ..catalog.leaves import Leaf, leaves
from ..records.dialogue import Evidence
from ..records.tool import Tool, ToolCall
from .call_schema import plain_schema
from .reading import assemble

NONE_OPEN = "Open: none."
_TO_CONFIRM = " To be confirmed."
_GAP, _NOT_GIVEN = "\0", "\1"
"""Stand for a required value that is missing, and for another that nobody gave."""
_WRITTEN = {json.dumps(_GAP): "?", json.dumps(_NOT_GIVEN): "-"}
_DRAFT = re.compile(r"Tool: (?P<name>[A-Za-z0-9_-]+) (?P<draft>\{.*\})\.", re.DOTALL)
_OPEN = re.compile(r"Open: (?P<open>.*)\.", re.DOTALL)
_MARK = re.compile(r'(?P<text>"(?:[^"\\]|\\.)*")|(?P<mark>[?-])(?=[,}])')
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
    every = {leaf.path: leaf.keys for leaf in leaves(tool)}
    marks = dict.fromkeys(gaps, _GAP)
    if len(every) <= _MOST:
        missing = [every[path] for path in gaps]
        marks |= {path: _NOT_GIVEN for path, keys in every.items() if not _any_overlaps(keys, missing)}
    known = [every[path] for path in values if path in every]
    told = {
        path: Evidence(parameter=path, value=mark, turn=0, start=0, end=0)
        for path, mark in marks.items()
        if not _any_overlaps(every[path], known)
    }
    draft = json.dumps(assemble(tool, {**values, **told}), ensure_ascii=False)
    for mark, written in _WRITTEN.items():
        draft = draft.replace(mark, written)
    return f"Tool: {tool.name} {draft}.{_TO_CONFIRM if to_confirm else ''}"


def _any_overlaps(keys: Keys, others: Iterable[Keys]) -> bool:
    """Whether what lies at these keys is one of the others, a part of one, or holds one."""
    return any(keys[: len(other)] == other[: len(keys)] for other in others)


def drafted(thought: str) -> ToolCall | None:
    """The call that a note drafts; None for another thought, and where the draft has a gap or is to be confirmed."""
    found = _DRAFT.fullmatch(thought)
    call = _call_of(found) if found else None
    return call if call and _GAP not in _values(call.arguments) else None


def noted_answers(thought: str) -> dict[str, str]:
    """Tool → the answer that means it, of a note on what is open; empty for another thought."""
    found = _OPEN.fullmatch(thought)
    told = [each.partition(" = ") for each in found["open"].split("; ")] if found else []
    return {name: answer for name, sign, answer in told if sign}


def noted_call(thought: str) -> ToolCall | None:
    """The call that a note drafts as far as it is known, gaps and all; None for another thought."""
    found = _DRAFT.fullmatch(thought.removesuffix(_TO_CONFIRM))
    call = _call_of(found) if found else None
    return ToolCall(name=call.name, arguments=_without(_GAP, call.arguments)) if call else None


def _call_of(found: re.Match[str]) -> ToolCall | None:
    """The call in a draft, a mark for each gap in it."""
    marks = {written: mark for mark, written in _WRITTEN.items()}
    text = _MARK.sub(lambda match: match["text"] or marks[match["mark"]], found["draft"])
    try:
        arguments = _without(_NOT_GIVEN, json.loads(text))
    except ValueError:
        return None
    return ToolCall(name=found["name"], arguments=arguments) if isinstance(arguments, dict) else None


def _values(value: Any) -> list[Any]:
    """What stands in objects and lists, whatever their depth."""
    parts = value.values() if isinstance(value, dict) else value if isinstance(value, list) else None
    return [value] if parts is None else [each for part in parts for each in _values(part)]


def _without(mark: str, value: Any) -> Any:
    """The draft without what is marked so, and without objects that held nothing else."""
    if not isinstance(value, dict):
        return value
    kept = {name: _without(mark, part) for name, part in value.items() if part != mark}
    return {name: part for name, part in kept.items() if part != {} or value[name] == {}}


# ---- What a model that writes notes is held to -----------------------------------------------------------------------

THOUGHT_START, THOUGHT_END = "<think>", "</think>"
ANY_NOTE = r"/<think>(Open|Tool): (?s:.*)/"
"""A thought that begins as a note does, as a pattern of llguidance's grammar."""
_MOST_ONCE = 8
_FREE_DEPTH = 2
"""Levels of lists and objects in a value of which the schema says nothing."""
_SAFE_TEXT = {"type": "string", "pattern": r"^([^<\[]|<[^\/|tTfF<\[]|\[[^Tt\[<]|\[[Tt][^Oo\[<])*$"}
"""Begins nothing that could be read as a call or as the end of the thought."""
_ANSWER = r"([^<\[;]|\[[^Tt\[<;]|;[^ <\[;])+"


def open_rules(tools: Sequence[Tool]) -> list[str]:
    """Rules of llguidance's grammar for `noted`, a thought on which of the tools are open.

    It names none of them twice; of more than eight, for which there would be very many rules, it may.
    """
    every = (1 << len(tools)) - 1
    lines = [rf"MORE: /{_ANSWER}; /", rf"LAST: /{_ANSWER}\.<\/think>/"]
    if len(tools) > _MOST_ONCE:
        every = 0
        lines.append(f"open0: ({' | '.join(_quoted(f'{tool.name} = ') for tool in tools)}) (MORE open0 | LAST)")
    for left in range(1, every + 1):
        named = [(tool.name, left & ~(1 << place)) for place, tool in enumerate(tools) if left & 1 << place]
        ways = [f"{_quoted(f'{name} = ')} {f'(MORE open{rest} | LAST)' if rest else 'LAST'}" for name, rest in named]
        lines.append(f"open{left}: {' | '.join(ways)}")
    return [*lines, f'noted: "<think>Open: " ("none.</think>" | open{every})']


def asking_rules(answers: Mapping[str, str]) -> list[str]:
    """The same for a thought that leaves just these tools open, in their order, with these answers; any where empty."""
    lines, last = [rf"MORE: /{_ANSWER}; /", rf"LAST: /{_ANSWER}\.<\/think>/"], list(answers)[-1]
    parts = [
        _quoted(f"{name} = {answer}{'.</think>' if name == last else '; '}")
        if answer
        else f"{_quoted(f'{name} = ')} {'LAST' if name == last else 'MORE'}"
        for name, answer in answers.items()
    ]
    return [*lines, f'noted: "<think>Open: " {" ".join(parts)}']


def draft_rules(tool: Tool, place: int, spacing: Mapping[str, Any]) -> list[str]:
    """Rules of llguidance's grammar for the thought that drafts a call of the tool.

    `draft` with the place behind it is a note that may have gaps or is to be confirmed, `whole` one that is neither,
    which there is not where no value is left for what must be there; `spacing` is how JSON is spaced in them. What the
    schema needs must be there; of few parameters, all.
    """
    rules = _DraftRules(tool, f"t{place}_", spacing)
    begun, ended = _quoted(f"{THOUGHT_START}Tool: {tool.name} "), _quoted(THOUGHT_END)
    whole = rules.object((), False)
    return [
        f'draft{place}: {begun} {rules.object((), True)} "." {_quoted(_TO_CONFIRM)}? {ended}',
        *([f'whole{place}: {begun} {whole} "." {ended}'] if whole else []),
        *(f"{name}: {body}" for body, name in rules.names.items()),
    ]


class _DraftRules:
    """The rules below a draft's name, in the making."""

    def __init__(self, tool: Tool, prefix: str, spacing: Mapping[str, Any]) -> None:
        self.names: dict[str, str] = {}
        """Of each rule by what it says."""
        self._prefix, self._spacing = prefix, spacing
        self._leaves = {leaf.keys: leaf for leaf in leaves(tool)}
        self._names_all = len(self._leaves) <= _MOST

    def object(self, keys: Keys, gaps: bool) -> str | None:
        """The name of the rule for the object at these keys, its parts in their order; None if there can be none."""
        first = after = self._rule('""')
        for path, leaf in reversed(self._leaves.items()):
            if path[:-1] != keys:
                continue
            written, value = json.dumps(path[-1], ensure_ascii=False), self._value(leaf, gaps)
            if value is None:
                return None
            left_out = () if self._names_all or leaf.required else (first, after)
            first = self._rule(f"{_quoted(f'{written}: ')} {value} {after}", *left_out[:1])
            after = self._rule(f"{_quoted(f', {written}: ')} {value} {after}", *left_out[1:])
        return self._rule(f'"{{" {first} "}}"')

    def _value(self, leaf: Leaf, gaps: bool) -> str | None:
        held = _safe(plain_schema(leaf.schema, len(leaf.keys)))
        ways = [] if held is None else [self._rule(f"%json {json.dumps({'x-guidance': self._spacing, **held})}")]
        if any(keys[:-1] == leaf.keys for keys in self._leaves):
            ways += filter(None, [self.object(leaf.keys, gaps)])
        ways += ['"?"'] if gaps else []
        ways += ['"-"'] if not leaf.required else []
        return self._rule(*ways) if ways else None

    def _rule(self, *ways: str) -> str:
        return self.names.setdefault(" | ".join(ways), f"{self._prefix}{len(self.names)}")


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


def _safe(schema: Mapping[str, Any], depth: int = 0) -> dict[str, Any] | None:
    """The plain schema for values that may stand in a thought; None if there are none.

    Of an object whose schema names some of its parts, others are left out.
    """
    if "const" in schema:
        return _safe({"enum": [schema["const"]]})
    if "enum" in schema:
        choices = [choice for choice in schema["enum"] if "<" not in json.dumps(choice)]
        return {"enum": choices} if choices else None
    if "anyOf" in schema:
        several = [held for part in schema["anyOf"] if (held := _safe(part, depth)) is not None]
        return {"anyOf": several} if several else None
    kind = schema.get("type")
    if kind is None:
        kinds = ["string", "number", "boolean", "null", *(["array", "object"] if depth < _FREE_DEPTH else [])]
        return {"anyOf": [_safe({"type": each}, depth) for each in kinds]}
    if kind == "string":
        return dict(_SAFE_TEXT)
    if kind == "array":
        items = _safe(schema.get("items") or {}, depth + 1)
        return {"type": "array", "maxItems": 0} if items is None else {"type": "array", "items": items}
    return _safe_object(schema, depth) if kind == "object" else {"type": kind}


def _safe_object(schema: Mapping[str, Any], depth: int) -> dict[str, Any] | None:
    given = schema.get("properties") or {}
    parts = {name: held for name, part in given.items() if (held := _safe(part, depth)) is not None}
    required = [name for name in schema.get("required") or () if name in given]
    if not parts.keys() >= set(required):
        return None
    if parts or schema.get("additionalProperties", True) is False:
        return {"type": "object", "properties": parts, "required": required, "additionalProperties": False}
    others = {_SAFE_TEXT["pattern"]: _safe({}, depth + 1)}
    return {"type": "object", "patternProperties": others, "additionalProperties": False}
