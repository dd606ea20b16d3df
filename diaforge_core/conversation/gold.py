"""What the user of a scenario holds: the goal in business words, gold arguments, and when each may be revealed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog.arguments import required_for, sample_arguments, validate
from ..catalog.facets import plain_words, profile
from ..catalog.naming import words_of
from ..catalog.sampling import can_be_said, has_kind, is_dictated
from ..catalog.verbs import NOUN_TOO, is_verb, split_head
from ..records.scenario import InformationStage, Setting, Tier
from ..records.tool import Tool
from .tiers import EXPERT_QUESTIONS

OPTIONAL_SHARE = 0.25
PICKS = 5
"""Draws until one holds what the call is for: a value that is tied to another's choice may be left out."""
MOST_VALUES = 6
"""A person does not dictate more values than this in one request, if another goal tool will do."""
LONGEST_NAME = 6
"""Words of a thing's name that a person would say."""
_TELLING = frozenset(
    (
        *("name", "title", "subject", "label", "summary", "description", "email", "phone", "status", "start", "end"),
        *("due", "priority", "body", "message", "note", "notes", "content", "amount", "quantity", "address", "role"),
    )
)
"""Words of the parameters that people speak of first."""
_NO_NOUNS = frozenset(("unread", "if", "ifs", "blank"))
"""Last words of a name that no person would take for a thing, though they stand where one does."""
_BINARY = ("byte", "binary", "base64", "base64url")


def draw_arguments(
    tool: Tool, rng: random.Random, setting: Setting, wanted: Sequence[str] | None = None
) -> dict[str, Any]:
    """Arguments valid against the tool's schema: the required ones, and `wanted` or at most two others."""
    if wanted is not None:
        return _drawn(tool, rng, setting, wanted)
    arguments: dict[str, Any] = {}
    for _ in range(PICKS):
        wanted = _worth_a_call(tool, rng)
        arguments = _drawn(tool, rng, setting, wanted)
        if not wanted or set(wanted) & set(arguments):
            break
    return arguments


def _drawn(tool: Tool, rng: random.Random, setting: Setting, wanted: Sequence[str]) -> dict[str, Any]:
    """One draw of arguments, without the optional ones that are too many."""
    share = 0.0 if wanted else OPTIONAL_SHARE
    arguments = sample_arguments(tool, rng, share, setting.locale, setting.today, wanted)
    needed = {*wanted, *required_for(tool, arguments)}
    optional = [name for name in arguments if name not in needed]
    said = [name for name in optional if is_speakable(tool.properties.get(name, {}))]
    speakable = [name for place, name in enumerate(said) if not _repeats(name, [*needed, *said[:place]])]
    for name in optional:
        fewer = {key: value for key, value in arguments.items() if key != name}
        if (wanted or name not in speakable[:2]) and not validate(tool, fewer):
            arguments = fewer
    return arguments


def _repeats(name: str, others: Sequence[str]) -> bool:
    """Whether a filter bounds what another one does too: `Date<` beside `Date` would leave nothing, or say it twice."""
    return any(name.rstrip("<>") == other.rstrip("<>") for other in others)


def _worth_a_call(tool: Tool, rng: random.Random) -> list[str]:
    """Optional values without which nobody would make the call: what an update changes, what a new thing is called.

    None where the tool does neither, or its required values say it already.
    """
    action = profile(tool).action
    if action not in ("update", "create") or (action == "create" and not all(map(_is_key, tool.required))):
        return []
    stated = statable(tool)
    stated = [name for name in stated if not _is_pointer(name)] or stated
    telling = [name for name in stated if set(words_of(name)) & _TELLING]
    pool = telling if telling and (action == "create" or rng.random() < 0.6) else stated
    return rng.sample(pool, min(len(pool), rng.randint(1, 2)))


def statable(tool: Tool) -> list[str]:
    """The optional parameters that a person might state, in the schema's order.

    Objects, and texts of which nothing tells what they are like, only where nothing else is.
    """
    found = [
        name
        for name, schema in tool.properties.items()
        if name not in tool.required and is_speakable(schema) and is_dictated(tool, name, schema)
    ]
    plain = [name for name in found if "object" not in _kinds(tool.properties[name])]
    return [name for name in plain if has_kind(name, tool.properties[name])] or plain or found


def can_be_stated(name: str, schema: Any) -> bool:
    """Whether a person can say a value of this parameter in a sentence, and would."""
    return is_speakable(schema) and can_be_said(name, schema)


def is_worth_asking(tool: Tool) -> bool:
    """Whether a person would ask for the tool: thing and values can be said, a change changes something."""
    if not _is_sayable(profile(tool).resource):
        return False
    sayable = all(can_be_stated(name, tool.properties[name]) for name in tool.required)
    if len(tool.required) > MOST_VALUES or not sayable:
        return False
    optional = [name for name in tool.properties if name not in tool.required]
    changes = profile(tool).action == "update" or (tool.side_effect == "write" and bool(optional))
    return not changes or not all(map(_is_key, tool.required)) or bool(statable(tool))


def _is_sayable(thing: str) -> bool:
    """Whether a person would call a thing so: not at such length, nor by a quality or a verb ("OAuth authorize")."""
    head, tail = split_head(thing)
    last = head.split()[-1:]
    acts = bool(last) and (last[0] in _NO_NOUNS or (is_verb(last[0]) and last[0] not in NOUN_TOO))
    return len(thing.split()) <= LONGEST_NAME and not acts and not (tail and head.endswith("ed"))


def _is_pointer(name: str) -> bool:
    """Whether a parameter points to another thing, which people seldom change."""
    return words_of(name)[-1:] in (["id"], ["sid"], ["url"], ["uri"], ["link"])


def _is_key(name: str) -> bool:
    """Whether a parameter only says which thing is meant."""
    return words_of(name)[-1:] in (["id"], ["sid"], ["number"], ["key"], ["name"])


def draw_stages(
    goal: Tool, gold: Mapping[str, Any], selection: int, tier: Tier, rng: random.Random
) -> tuple[InformationStage, ...]:
    """From which user turn on each value may be revealed; `selection` questions about the tool come first.

    Most requests lack a mandatory value at first (METHOD.md §1), and the shares keep dialogues at 2.3 to 3.2 assistant
    turns (§2): in a third all is said at once, in the others the rest comes when asked. An expert's values come late
    enough that three questions are needed. Optional values come first: nobody asks for them.
    """
    asked_for = required_for(goal, gold)
    names = [name for name in gold if name in asked_for]
    rng.shuffle(names)
    if tier == "expert":
        turns = _late_turns(names, selection)
    elif rng.random() < 0.4:
        turns = dict.fromkeys(names, 1)
    else:
        first = rng.randint(0, max(0, len(names) - 1))
        turns = {name: 1 if place < first else 2 for place, name in enumerate(names)}
    turns |= {name: 1 for name in gold if name not in turns}
    order = [name for name in goal.properties if name in turns]
    return tuple(
        InformationStage(turn=turn, revealed=tuple(name for name in order if turns[name] == turn))
        for turn in sorted(set(turns.values()))
    )


def _late_turns(names: Sequence[str], selection: int) -> dict[str, int]:
    """User turns such that the values are complete only after three questions: the last at turn 4, some before it."""
    first = selection + 2
    last = max(first, EXPERT_QUESTIONS + 1)
    return {name: last if place == 0 else min(last, 1 + place % last) for place, name in enumerate(names)}


def business_goal(tool: Tool) -> str:
    """What a user of the tool wants, as a short phrase of the document's own words or, without any, of its name's."""
    text = (tool.summary or tool.description).strip().split("\n")[0].split(". ")[0].rstrip(".")
    words = text if 0 < len(text) <= 120 else plain_words(tool.original_name)
    return words[:1].lower() + words[1:] if not words[:2].isupper() else words


def is_speakable(schema: Any, depth: int = 0) -> bool:
    """Whether a person can say a value of this schema in a sentence: no free-form objects, no lists of objects."""
    if not isinstance(schema, dict) or depth > 1 or schema.get("format") in _BINARY:
        return False
    if "enum" in schema or "const" in schema:
        return True
    kinds = _kinds(schema)
    if kinds & {"string", "integer", "number", "boolean"}:
        return True
    if "array" in kinds:
        items = schema.get("items")
        return isinstance(items, dict) and bool(_kinds(items) & {"string", "integer", "number"})
    if "object" not in kinds:
        return False
    fields = schema.get("properties", {})
    needed = [fields.get(name) for name in schema.get("required", ())] or list(fields.values())
    return 0 < len(needed) <= 4 and all(is_speakable(field, depth + 1) for field in needed)


def _kinds(schema: dict[str, Any]) -> set[str]:
    """The JSON types that a schema allows besides null, those of its forms included."""
    given = schema.get("type", ())
    kinds = {given} if isinstance(given, str) else set(given)
    for form in (*schema.get("anyOf", ()), *schema.get("oneOf", ())) if not kinds else ():
        kinds |= _kinds(form) if isinstance(form, dict) else set()
    return kinds - {"null"}
