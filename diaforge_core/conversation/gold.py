"""What the user of a scenario holds: the goal in business words, gold arguments, and when each may be revealed."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog.arguments import required_for, sample_arguments, validate
from ..catalog.facets import plain_words, profile
from ..records.scenario import InformationStage, Setting, Tier
from ..records.tool import Tool
from .tiers import EXPERT_QUESTIONS

OPTIONAL_SHARE = 0.25


def draw_arguments(
    tool: Tool, rng: random.Random, setting: Setting, wanted: Sequence[str] | None = None
) -> dict[str, Any]:
    """Arguments valid against the tool's schema: the required ones, and `wanted` or at most two others."""
    if wanted is None and profile(tool).action == "update":
        wanted = _changes(tool, rng)
    share = 0.0 if wanted else OPTIONAL_SHARE
    arguments = sample_arguments(tool, rng, share, setting.locale, setting.today, wanted or ())
    keep = set(wanted or ())
    optional = [name for name in arguments if name not in required_for(tool, arguments) and name not in keep]
    speakable = [name for name in optional if is_speakable(tool.properties.get(name, {}))]
    dropped = [name for name in optional if wanted or name not in speakable[:2]]
    for name in dropped:
        fewer = {key: value for key, value in arguments.items() if key != name}
        if not validate(tool, fewer):
            arguments = fewer
    return arguments


def _changes(tool: Tool, rng: random.Random) -> list[str]:
    """One or two optional parameters to change, so that an update has something to update; none where it has none."""
    optional = [name for name, schema in tool.properties.items() if name not in tool.required and is_speakable(schema)]
    return rng.sample(optional, min(len(optional), rng.randint(1, 2)))


def draw_stages(
    goal: Tool, gold: Mapping[str, Any], selection: int, tier: Tier, rng: random.Random
) -> tuple[InformationStage, ...]:
    """From which user turn on each value may be revealed; `selection` questions about the tool come first.

    Most requests lack a mandatory value at first (METHOD.md §1), and the shares keep dialogues at 2.3 to 3.2 assistant
    turns (§2): in a third all is said at once, in the others the rest comes when asked. An expert's values come late
    enough that three questions are needed.
    """
    names = list(gold)
    rng.shuffle(names)
    if tier == "expert":
        turns = _late_turns(names, selection)
    elif rng.random() < 0.4:
        turns = dict.fromkeys(names, 1)
    else:
        first = rng.randint(0, max(0, len(names) - 1))
        turns = {name: 1 if place < first else 2 for place, name in enumerate(names)}
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
    if not isinstance(schema, dict) or depth > 1:
        return False
    if "enum" in schema or "const" in schema:
        return True
    match schema.get("type"):
        case "string" | "integer" | "number" | "boolean":
            return True
        case "array":
            return isinstance(items := schema.get("items"), dict) and items.get("type") in (
                "string",
                "integer",
                "number",
            )
        case "object":
            fields = schema.get("properties", {})
            needed = [fields.get(name) for name in schema.get("required", ())] or list(fields.values())
            return 0 < len(needed) <= 4 and all(is_speakable(field, depth + 1) for field in needed)
    return False
