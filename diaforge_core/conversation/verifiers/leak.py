"""Check 5: the user gives away neither the tool's name nor its description, nor a value before its stage."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ...records.tool import Tool
from .case import Case, Fault
from .grounding import is_choice_of, is_option
from .questions import asks_which
from .sayings import said_at
from .words import TELLING_LENGTH, contains, fold, is_telling, leaves, name_words, run_in

DESCRIPTION_RUN = 6
"""Consecutive words of a description from which on a user turn quotes it."""
RETOLD_WORDS = 9
"""Words of a description, in its order and close to each other, from which on an opening retells it."""
_NEAR = range(1, 4)
"""Words after which the next one of a retold description still follows."""


def check_leak(case: Case) -> Iterator[Fault]:
    """No user turn gives the goal tool's name, quotes its description, or states a value before its stage."""
    for index, number, words in case.user_turns():
        reason = (case.goal and (_named(case.goal, words, opening=number == 1) or _quoted(case.goal, words))) or ""
        reason = reason or (_retold(case.goal, words) if case.goal and number == 1 else "")
        reason = reason or _too_early(case, index, number, words)
        if reason:
            yield Fault(reason, index)


def _named(tool: Tool, words: str, *, opening: bool) -> str:
    """Whether the words hold the tool's name: separators and case folded, as consecutive words of the turn.

    A one- or two-word name that is plain English is exempt in answers, unless it is written as only a name is.
    """
    said = name_words(words, split_case=False)
    for name in dict.fromkeys((tool.original_name, tool.name)):
        parts = name_words(name)
        if not parts:
            continue
        plain = len(parts) <= 2 and all(part.isalpha() for part in parts)
        if (not plain or opening) and (run_in(parts, said) or _run_together(parts, said)):
            return f"the user gives the tool's name ({name})"
        if len(parts) > 1 and (_as_written(name, words) or _run_together(parts, said) or _joined(parts, words)):
            return f"the user gives the tool's name ({name})"
    return ""


def _as_written(name: str, words: str) -> bool:
    return name in words and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words) is not None


def _joined(parts: Sequence[str], words: str) -> bool:
    """Whether the parts stand joined by the separators of a name, as in `create_lead`."""
    low = words.casefold()
    if not all(part in low for part in parts):
        return False
    return re.search(rf"(?<!\w){r'[_./:-]'.join(map(re.escape, parts))}(?!\w)", words, re.IGNORECASE) is not None


def _run_together(parts: Sequence[str], said: Sequence[str]) -> bool:
    """Whether fewer words than the name has make it up, as in "createlead" or "crm createlead"."""
    whole = "".join(parts)
    for start, first in enumerate(said):
        if not whole.startswith(first):
            continue
        run = ""
        for count, word in enumerate(said[start : start + len(parts) - 1], 1):
            run += word
            if run == whole and count < len(parts):
                return True
            if not whole.startswith(run):
                break
    return False


def _quoted(tool: Tool, words: str) -> str:
    """Whether the words quote the tool's description."""
    described = _runs(tool.text)
    quoted = next((run for run in _runs(words) if run in described), ())
    return f"the user quotes the tool's description: “{' '.join(quoted)}”" if quoted else ""


@lru_cache(maxsize=8192)
def _runs(text: str) -> dict[tuple[str, ...], None]:
    """Every run of so many words that count as a quotation, in their order."""
    words = name_words(text, split_case=False)
    places = range(len(words) - DESCRIPTION_RUN + 1)
    return dict.fromkeys(words[at : at + DESCRIPTION_RUN] for at in places)


def _retold(tool: Tool, words: str) -> str:
    """Whether an opening retells the tool's description: its words in their order, with a few others strewn in."""
    said, text = name_words(words, split_case=False), name_words(tool.text, split_case=False)
    if len(set(said) & set(text)) < RETOLD_WORDS:
        return ""
    best: dict[tuple[int, int], int] = {}
    for at, word in enumerate(said):
        for place, other in enumerate(text):
            if word == other:
                before = (best.get((at - back, place - away), 0) for back in _NEAR for away in _NEAR[:2])
                best[at, place] = 1 + max(before)
    told = max(best.values(), default=0)
    return f"the opening retells the tool's description, {told} words of it" if told >= RETOLD_WORDS else ""


def _too_early(case: Case, index: int, number: int, words: str) -> str:
    """Whether the words state a gold value whose stage has not come."""
    gold, scenario = case.scenario.gold_arguments, case.scenario
    early = [fold(str(value)) for name in gold if scenario.stage_of(name) <= number for _, value in leaves(gold[name])]
    read = case.goal_readings[index].values if case.goal_readings else {}
    for name in gold:
        if scenario.stage_of(name) <= number:
            continue
        for path, value in leaves(gold[name], name):
            found = read.get(path)
            noticed = found is not None and found.turn == index and fold(str(found.value)) == fold(str(value))
            told = _tells(value, words, case) and not any(fold(str(value)) in each for each in early)
            everyday = case.goal and is_option(case.goal, value) and not _chosen(case, index, str(value))
            if noticed or (told and not everyday):
                return f"the user states {path} on user turn {number}, its stage is {scenario.stage_of(name)}"
    return ""


def _chosen(case: Case, index: int, value: str) -> bool:
    """Whether an option in the user's words is a choice that was made, and no everyday word or echo of a task."""
    if is_choice_of(case, value):
        return True
    before = case.turns[index - 1].reply if index > 0 else ""
    if index > 0 and not asks_which(case, index - 1):
        return len(value) >= TELLING_LENGTH
    tasks = name_words(" ".join(f"{tool.text} {tool.name}" for tool in case.candidates))
    return len(value) > TELLING_LENGTH and not contains(before, value) and not run_in(name_words(value), tasks)


def _tells(value: object, words: str, case: Case) -> bool:
    """Whether the words hold a value that cannot be there by accident."""
    if isinstance(value, list):
        return bool(value) and any(_tells(part, words, case) for part in value)
    if not is_telling(value):
        return False
    text = str(value)
    coded = any(character.isdigit() or character == "@" for character in text) and not re.fullmatch(
        r"\d{4}-\d{2}", text
    )
    return contains(words, value) or (coded and said_at(value, words, case.today) is not None)
