"""Grounded decoding: a turn with a value that nobody said, or for a tool that nobody chose, is written again.

What a call or a draft of one holds must stand in the user's words, in what they said yes to, or in what a tool
answered, as check 4 of the cascade finds values in words; and words said once are one value only, unless people say
that they are several. Where the value itself was said and written over wrongly, that may take its place; else it is
missing, and is left out or asked for. Choices from a list, what is either so or not, none and one are for the model to
tell: people say them in many words. Keys that no schema names are not looked at.

A tool is not chosen as long as the last note on what is open had one answer for it and another one: the turn asks
between these, and where it would offer them under one name again, each goes by its own. A first question leaves no
tool out.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from ..catalog.leaves import Leaf, leaves
from ..catalog.words import identifier_words, shown
from ..records.dialogue import Turn
from ..records.tool import Tool, ToolCall
from .notes import NONE_OPEN, noted_answers, noted_call
from .said import Said, is_choice, words_of
from .view import View

Keys = tuple[str, ...]
Held = Mapping[tuple[str, Keys], tuple[Any, ...]]
"""Tool and keys of one of its values → what that may be; nothing for what is missing."""
_PATIENCE = 4
"""Tries after which a turn gets no further value that it did not give so far."""
_MOST_ASKED = 8
"""Tools that a turn asks between at once."""


def grounded(write: Callable[[Sequence[Tool], Mapping[str, str]], Turn], view: View) -> Turn:
    """The first turn that makes up neither a value nor a choice of tool.

    `write` gives one while these tools are in view, or, where it gets answers, one that asks between the tools of
    those, as `Constraint.held_to` does. Time and tokens of the turn are those of all tries. There is an end to them:
    each leaves some value or some question fewer ways to be.
    """
    held: dict[tuple[str, Keys], tuple[Any, ...]] = {}
    answers: dict[str, str] = {}
    seconds, tokens, tries = 0.0, 0, 0
    while True:
        tries += 1
        turn = write(narrowed(view.tools, held), answers)
        seconds, tokens = seconds + turn.seconds, tokens + turn.tokens
        undecided = unchosen(turn, view)
        found = {place: values for place, values in unsaid(turn, view).items() if held.get(place) != ()}
        if undecided and not (answers and all(answers.values())):
            answers = undecided
        elif found and not answers:
            held |= {place: () if place in held else values for place, values in found.items()}
            held |= _not_given(turn, view) if tries >= _PATIENCE else {}
        else:
            return Turn(**turn.model_dump() | {"seconds": seconds, "tokens": tokens})


def unchosen(turn: Turn, view: View) -> dict[str, str]:
    """Tool → the answer to offer for it, "" for any, where the turn takes one of them although nobody chose it.

    Empty where somebody did. Where the first turn asks and leaves tools out, which may be the right ones, these are
    offered too; where a turn offers all under one name, each tool goes by its own.
    """
    in_view = {tool.name for tool in view.tools}
    offered = {name: answer for name, answer in noted_answers(turn.thought).items() if name in in_view}
    if not any(turn.speaker == "assistant" for turn in view.turns) and 0 < len(offered) < len(in_view) <= _MOST_ASKED:
        return offered | {tool.name: "" for tool in view.tools if tool.name not in offered}
    if len(offered) > 1 and len(set(map(_folded, offered.values()))) == 1 and offered != _own_names(list(offered)):
        return _own_names(list(offered)[:_MOST_ASKED])
    call = turn.call or noted_call(turn.thought)
    last, since = _last_offer(view.turns)
    if call is None or call.name not in last or last == _own_names(list(last)):
        return {}
    wanted = _folded(last[call.name])
    alike = [name for name in last if name in in_view and (name == call.name or _folded(last[name]) == wanted)]
    alike = [call.name, *(name for name in alike if name != call.name)][:_MOST_ASKED]
    own, *others = (set(identifier_words(name)) for name in alike)
    telling = own.difference(*others)
    if len(alike) < 2 or call.name in since or telling & set(_folded(since).split()):
        return {}
    return dict.fromkeys(sorted(alike, key=list(last).index), "")


def _last_offer(turns: Sequence[Turn]) -> tuple[dict[str, str], str]:
    """Tool → its answer in the last note since a call on what is open, and what was said after that."""
    since: list[str] = []
    for turn in reversed(turns):
        if turn.call or turn.speaker == "tool":
            break
        if turn.speaker == "user":
            since.append(turn.reply)
        elif turn.thought == NONE_OPEN or noted_answers(turn.thought):
            return noted_answers(turn.thought), " ".join(since)
    return {}, ""


def _folded(answer: str) -> str:
    return " ".join(re.findall(r"\w+", answer.casefold()))


def _own_names(names: Sequence[str]) -> dict[str, str]:
    """Tool → its name in words, or just as it is where its words are another one's too."""
    words = {name: _folded(shown(identifier_words(name))) for name in names}
    every = list(words.values())
    return {name: said if said and every.count(said) == 1 else name for name, said in words.items()}


def unsaid(turn: Turn, view: View) -> dict[tuple[str, Keys], tuple[Any, ...]]:
    """Tool and keys of each value in the turn's call, or in the draft of one, that nobody said, with what may stand
    there instead."""
    taken = _taken(turn, view)
    if taken is None:
        return {}
    tool, call = taken
    said = Said(view, tool)
    given = sorted(_given(tool, call.arguments), key=lambda each: said.doubt(*each))
    loose = [(leaf, value) for leaf, value in given if not said.takes(leaf, value)]
    return {(tool.name, leaf.keys): said.near(leaf, value) for leaf, value in loose}


def _taken(turn: Turn, view: View) -> tuple[Tool, ToolCall] | None:
    """The tool in view that the turn calls or drafts a call of, with that call; None where it does neither."""
    call = turn.call or noted_call(turn.thought)
    return next(((tool, call) for tool in view.tools if call and tool.name == call.name), None)


def _not_given(turn: Turn, view: View) -> dict[tuple[str, Keys], tuple[Any, ...]]:
    """Every value that the turn's tool takes and the turn does not give, as missing: for who makes up one by one."""
    taken = _taken(turn, view)
    if taken is None:
        return {}
    tool, call = taken
    given = {leaf.keys for leaf, _ in _given(tool, call.arguments)}
    inner = {leaf.keys[:-1] for leaf in leaves(tool)}
    free = [leaf.keys for leaf in leaves(tool) if leaf.keys not in given | inner and not is_choice(leaf.schema)]
    return {(tool.name, keys): () for keys in free}


def narrowed(tools: Sequence[Tool], held: Held) -> Sequence[Tool]:
    """The tools of which values are held, which take nothing else there; the very same tools where none are.

    So a turn that is written again stays with its tool.
    """
    if not held:
        return tools
    names = {name for name, _ in held}
    return [
        _narrowed(tool, {keys: held[name, keys] for name, keys in held if name == tool.name})
        for tool in tools
        if tool.name in names
    ]


def _narrowed(tool: Tool, held: Mapping[Keys, tuple[Any, ...]]) -> Tool:
    parameters = tool.parameters
    for keys, values in held.items():
        parameters = _with_choices(parameters, keys, values)
    return tool.model_copy(update={"parameters": parameters})


def _with_choices(schema: Mapping[str, Any], keys: Keys, values: tuple[Any, ...]) -> dict[str, Any]:
    """The schema with these as the only choices at the keys, in each of its branches that knows them."""
    if not keys:
        return {"enum": list(values)}
    changed = dict(schema)
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(branches := schema.get(key), list):
            changed[key] = [
                _with_choices(part, keys, values) if isinstance(part, Mapping) and _names(part, keys[0]) else part
                for part in branches
            ]
    parts = schema.get("properties") or {}
    if keys[0] in parts or not _names(schema, keys[0]):
        part = parts.get(keys[0])
        inner = _with_choices(part if isinstance(part, Mapping) else {}, keys[1:], values)
        changed["properties"] = {**parts, keys[0]: inner}
    return changed


def _names(schema: Mapping[str, Any], key: str) -> bool:
    """Whether the schema, or a branch of it, has a property of this name."""
    parts = [part for kind in ("allOf", "anyOf", "oneOf") for part in schema.get(kind) or ()]
    return key in (schema.get("properties") or {}) or any(
        isinstance(part, Mapping) and _names(part, key) for part in parts
    )


def _given(tool: Tool, arguments: Mapping[str, Any]) -> Iterator[tuple[Leaf, Any]]:
    """Each value of a call in which something is said word for word, with its place in the tool."""
    every = leaves(tool)
    wholes = {leaf.keys[:-1] for leaf in every}
    for leaf in every:
        value: Any = arguments
        for key in leaf.keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        in_parts = leaf.keys in wholes and isinstance(value, Mapping)
        if not in_parts and any(True for _ in words_of(value, leaf.schema)):
            yield leaf, value
