"""Repairs that mend one kind of fault in many dialogues, each by its name: a dialogue in, the mended one out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from ..catalog.arguments import required_for
from ..catalog.hidden_text import without_hidden
from ..catalog.leaves import Leaf, leaves
from ..errors import DataError
from ..records.dialogue import Dialogue, Turn
from ..records.tool import Catalog, ToolCall
from .scenario_edits import with_aim
from .verifiers import Case, grounds

_TAGS = re.compile(r"</?(?:think|tools?|tool_call|tool_response)\s*>", re.IGNORECASE)
"""Marks of a transcript that are no control tokens of any tokenizer; the verifier of the form refuses them."""
Values = Mapping[str, str]
OnText = Callable[[str], str]


@dataclass(frozen=True, slots=True)
class Repair:
    """One way to mend."""

    name: str
    title: str
    about: str
    """What it changes and what it leaves; help text."""
    fields: tuple[str, ...]
    """The values that it must be given, by name; all are text."""
    mend: Callable[[Dialogue, Catalog, Values], Dialogue]
    """Gives the dialogue with other turns or another scenario, or as it was where nothing is to be mended.

    Verdicts and version are for the caller to renew.
    """


def repair(name: str, values: Values) -> Callable[[Dialogue, Catalog], Dialogue]:
    """The repair of this name with these values; DataError for an unknown one, or for a value that is missing."""
    found = REPAIRS.get(name)
    if found is None:
        raise DataError(f"There is no repair '{name}'. There are: {', '.join(REPAIRS)}.")
    lacking = [field for field in found.fields[:1] if not values.get(field, "").strip()]
    if lacking:
        raise DataError(f"'{found.title}' needs a text for '{lacking[0]}'. Give one.")
    return lambda dialogue, catalog: found.mend(dialogue, catalog, values)


# --- the repairs -----------------------------------------------------------------------------------------------------


def _replace_words(dialogue: Dialogue, _catalog: Catalog, values: Values) -> Dialogue:
    return _with_texts(dialogue, partial(_in_words, values["find"], values.get("put", "")))


def _set_argument(dialogue: Dialogue, catalog: Catalog, values: Values) -> Dialogue:
    call = dialogue.turns[-1].call if dialogue.turns else None
    leaf = _leaf(catalog, call, values["argument"].strip()) if call else None
    if call is None or leaf is None or not _holds(call.arguments, path := leaf.path.split(".")):
        return dialogue
    text = values.get("value", "")
    value = text if leaf.schema.get("type") == "string" else _as_json(text)
    changed = _with_arguments(dialogue, _put(call.arguments, path, value))
    gold = dialogue.scenario.gold_arguments
    if call.name != dialogue.scenario.goal_tool or not _holds(gold, path):
        return changed
    return _with_gold(changed, _put(gold, path, value), catalog)


def _leaf(catalog: Catalog, call: ToolCall, path: str) -> Leaf | None:
    """The parameter of the called tool at this path; None if there is none."""
    tool = catalog.tool(call.name) if call.name in catalog else None
    return next((leaf for leaf in leaves(tool) if leaf.path == path), None) if tool else None


def _drop_ungrounded(dialogue: Dialogue, catalog: Catalog, _values: Values) -> Dialogue:
    call = dialogue.turns[-1].call if dialogue.turns else None
    if call is None or call.name not in catalog or call.name not in dialogue.scenario.candidates:
        return dialogue
    tool = catalog.tool(call.name)
    heard = {found.parameter.split(".")[0] for found in grounds(Case(dialogue, [tool]))}
    needed = set(required_for(tool, call.arguments))
    kept = {name: value for name, value in call.arguments.items() if name in needed or name in heard}
    return dialogue if len(kept) == len(call.arguments) else _with_arguments(dialogue, kept)


def _strip_hidden(dialogue: Dialogue, catalog: Catalog, _values: Values) -> Dialogue:
    gold = _deep(dialogue.scenario.gold_arguments, _bare)
    return _with_gold(_with_values(_with_texts(dialogue, _bare), _bare), gold, catalog)


def _rename_value(dialogue: Dialogue, catalog: Catalog, values: Values) -> Dialogue:
    put = partial(_in_words, values["value"], values.get("new value", ""))
    gold = _deep(dialogue.scenario.gold_arguments, put)
    return _with_gold(_with_values(_with_texts(dialogue, put), put), gold, catalog)


def _leave(dialogue: Dialogue, _catalog: Catalog, _values: Values) -> Dialogue:
    return dialogue


REVERIFY = "reverify"
REPAIRS: dict[str, Repair] = {
    each.name: each
    for each in (
        Repair(
            "replace words",
            "Replace words",
            "In what is said and thought, as whole words and in this very case; values of calls stay.",
            ("find", "put"),
            _replace_words,
        ),
        Repair(
            "rename value",
            "Rename a value everywhere",
            "In what is said and thought, in the call and in the gold arguments, as whole words.",
            ("value", "new value"),
            _rename_value,
        ),
        Repair(
            "set argument",
            "Set a value of the call",
            "By its path, such as address.city; where the call is to the goal tool, in the gold arguments too.",
            ("argument", "value"),
            _set_argument,
        ),
        Repair(
            "drop ungrounded",
            "Drop ungrounded optional arguments",
            "From the call, each argument that is not required and that no words of the user give.",
            (),
            _drop_ungrounded,
        ),
        Repair(
            "strip hidden",
            "Strip control tokens and invisible characters",
            "From what is said and thought, and from the values of the call and of the gold arguments.",
            (),
            _strip_hidden,
        ),
        Repair(
            REVERIFY, "Verify again", "Nothing is changed; the verdicts become those of today's verifiers.", (), _leave
        ),
    )
}
"""Name → repair, in the order offered."""


# --- how a change is carried through ---------------------------------------------------------------------------------


def _in_words(find: str, put: str, text: str) -> str:
    """The text with whole words replaced; what begins or ends with a sign needs no border there."""
    left = r"(?<!\w)" if find[:1].isalnum() else ""
    right = r"(?!\w)" if find[-1:].isalnum() else ""
    return re.sub(f"{left}{re.escape(find)}{right}", lambda _: put, text)


def _bare(text: str) -> str:
    bare = _TAGS.sub("", without_hidden(text))
    return text if bare == text else bare.strip()


def _with_texts(dialogue: Dialogue, change: OnText) -> Dialogue:
    turns = [
        Turn.model_validate(turn.model_dump() | {"thought": change(turn.thought), "reply": change(turn.reply)})
        for turn in dialogue.turns
    ]
    return dialogue.model_copy(update={"turns": tuple(turns)})


def _with_values(dialogue: Dialogue, change: OnText) -> Dialogue:
    """The dialogue with every text in the arguments of its calls changed."""
    turns = [
        turn.model_copy(update={"call": turn.call.model_copy(update={"arguments": _deep(turn.call.arguments, change)})})
        if turn.call
        else turn
        for turn in dialogue.turns
    ]
    return dialogue.model_copy(update={"turns": tuple(turns)})


def _with_arguments(dialogue: Dialogue, arguments: dict[str, Any]) -> Dialogue:
    """The dialogue with these arguments in its last turn's call."""
    last = dialogue.turns[-1]
    assert last.call is not None
    called = last.model_copy(update={"call": last.call.model_copy(update={"arguments": arguments})})
    return dialogue.model_copy(update={"turns": (*dialogue.turns[:-1], called)})


def _with_gold(dialogue: Dialogue, gold: dict[str, Any], catalog: Catalog) -> Dialogue:
    aim = dialogue.scenario.aim.model_copy(update={"gold_arguments": gold})
    return dialogue.model_copy(update={"scenario": with_aim(dialogue.scenario, aim, catalog)})


def _deep(value: Any, change: OnText) -> Any:
    """The value with every text in it changed; a number that the change would write otherwise is read anew."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {key: _deep(each, change) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [_deep(each, change) for each in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    written = change(json.dumps(value))
    return value if written == json.dumps(value) else _as_json(written)


def _as_json(text: str) -> Any:
    """The JSON value that a text is, or the text itself."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _holds(arguments: Mapping[str, Any], path: Sequence[str]) -> bool:
    """Whether there is room for a value there: all that leads to it are objects."""
    for key in path[:-1]:
        inner = arguments.get(key)
        if not isinstance(inner, Mapping):
            return False
        arguments = inner
    return bool(path[-1])


def _put(arguments: Mapping[str, Any], path: Sequence[str], value: Any) -> dict[str, Any]:
    head, *rest = path
    return {**arguments, head: _put(arguments[head], rest, value) if rest else value}
