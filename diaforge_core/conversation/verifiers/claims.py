"""What a thought says of the state of things: how many tools there are, which values were given, which are missing."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...records.tool import Tool
from ..labels import label_pattern, leaf_named
from .amounts import UNITS
from .case import Case, Fault
from .thoughts import clauses
from .words import is_telling

_NUMBER = rf"(?P<count>\d{{1,3}}|{'|'.join(UNITS)})"
_COUNTED = re.compile(
    rf"\b{_NUMBER} (?:(?:\w+ ){{0,2}})(?:tools|candidates|operations|functions|possibilities|apis)\b", re.IGNORECASE
)
_COUNT_SIGNS = ("tools", "candidates", "operations", "functions", "possibilities", "apis")
_LABEL = "\0"
"""Stands for the name of a value while a clause is looked at."""
_GIVEN = re.compile(
    rf"{_LABEL} (?:was|were|is|are|has been|have been) (?:already |just |now |also |both |all )*(?:given|known|stated"
    rf"|told|said|there|provided|named|in)\b(?! (?:yet|later|next|by the))"
    rf"|\b(?:told|gave|given|named|provided|stated)(?: me| us)? (?:the|their|its|a|both the) {_LABEL}"
    rf"|\b(?:i|we)(?: already)? (?:have|know|hold) (?:the|their|its) {_LABEL}",
    re.IGNORECASE,
)
_MISSING = re.compile(
    rf"{_LABEL} (?:is|are|was|were|has|have)(?:n't| not| never)(?: yet| been| so far)*(?: (?:given|known|stated|told"
    rf"|said|there|provided|named|been))+\b"
    rf"|{_LABEL} (?:is|are) (?:still |yet )?(?:missing|unknown|lacking|open|needed|to be (?:asked|given))\b"
    rf"|\b(?:i|we)(?: still)? (?:lack|miss|need|don't (?:know|have)|do not (?:know|have)) (?:the|their|its) {_LABEL}"
    rf"|\b(?:nobody|no one|nothing)(?: has| have)?(?: told| gave| given| said)?(?: me| us)? (?:the|their|its) {_LABEL}"
    rf"|\b(?:not|never|n't) (?:yet )?(?:told|given|gave|said|named)(?: me| us)? (?:the|their|its) {_LABEL}",
    re.IGNORECASE,
)
_DENIED = re.compile(r"\b(?:not|never|no|nobody|nothing|neither|only|until|before|once|if|when|unless)\b|n't\b", re.I)
_NONE = re.compile(r"\b(?:no|nothing|none|only until|before|once|if|unless)\b(?! one\b)", re.I)


def wrong_claim(case: Case) -> Iterator[Fault]:
    """Each thought that has the number of the tools wrong, or what was given and what is missing."""
    for index, turn in enumerate(case.turns):
        if turn.speaker == "assistant":
            why = _too_many(case, turn.thought) or _misremembers(case, index, turn.thought)
            if why:
                yield Fault(why, index)


def _too_many(case: Case, thought: str) -> str:
    """Whether a thought speaks of more tools than are in view."""
    low = thought.casefold()
    if not any(sign in low for sign in _COUNT_SIGNS):
        return ""
    for found in _COUNTED.finditer(thought):
        count = int(found["count"]) if found["count"].isdigit() else UNITS[found["count"].lower()]
        if count > len(case.candidates):
            return f"the thought speaks of {count} tools, {len(case.candidates)} are in view"
    return ""


def _misremembers(case: Case, index: int, thought: str) -> str:
    """Whether a thought holds a value for given that comes later, or one for missing that was given before."""
    if case.goal is None:
        return ""
    for path, clause in _named_values(case.goal, thought):
        given, missing = _claims(_GIVEN, _DENIED, clause), _claims(_MISSING, _NONE, clause)
        if not given and not missing:
            continue
        value = case.gold_parts.get(path)
        said = case.stated.get(path) or case.first_said(path, value) if is_telling(value) else None
        if said is None:
            continue
        if given and said.turn > index and path not in case.heard_before(index):
            return f"the thought holds {path} for given, which comes later"
        again = index < case.last and path in case.given_in(index + 1)
        if missing and said.turn < index and not again:
            return f"the thought holds {path} for missing, which the user has given"
    return ""


def _claims(claim: re.Pattern[str], denial: re.Pattern[str], clause: str) -> bool:
    found = claim.search(clause)
    return found is not None and not denial.search(clause[: found.end()])


def _named_values(tool: Tool, thought: str) -> Iterator[tuple[str, str]]:
    """Each value that a thought names, with its clause in which a sign stands for the name."""
    pattern = label_pattern(tool)
    if not pattern.search(thought):
        return
    for clause in clauses(thought):
        for found in pattern.finditer(clause):
            yield leaf_named(tool, found[0]).path, f"{clause[: found.start()]}{_LABEL}{clause[found.end() :]}"
