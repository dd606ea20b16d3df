"""Small joints of sentences: how parts of what a person says are put together."""

from __future__ import annotations

import re
from collections.abc import Sequence

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
"""By which people pick one of several choices."""
_PRONOUN = re.compile(r"I(?:['’](?:d|m|ve|ll))?\Z")


def lowered(text: str) -> str:
    """The text with a first letter that opened a sentence lowered; names, acronyms and "I" as they are."""
    first = re.match(r"[^\s,.;:!?]*", text)[0]  # type: ignore[index]
    if _PRONOUN.match(first) or first[1:] != first[1:].lower() or not first[:1].isalpha():
        return text
    return text[:1].lower() + text[1:]


def follow(lead: str, core: str) -> str:
    """The core behind a lead-in, in lower case unless that ended a sentence; punctuation joins without a space."""
    lead = lead.strip()
    if not lead or not core:
        return lead or core
    if core.startswith("\n"):
        return f"{lead}{core}"
    if core.startswith((",", ".", ";")):
        return attached(lead, core)
    return f"{lead} {core if lead.endswith(('.', '!', '?')) and not lead.endswith('..') else lowered(core)}"


def attached(text: str, tail: str) -> str:
    """The text with what is said after it: within its sentence, or as one of its own behind an end mark."""
    if text.endswith(")") and tail.startswith("("):
        tail = f", {tail.strip('()')}"
    if not text.endswith((".", "!", "?")):
        return f"{text}{tail}" if tail.startswith((",", ".", ";")) else f"{text} {tail}".strip()
    own = tail.strip(" ,.;()")
    return f"{text} {own if text[:1].islower() else own[:1].upper() + own[1:]}." if own else text


def sentence(text: str) -> str:
    """The text with single spaces and an end mark; a quoted or bracketed end keeps its mark outside."""
    text = re.sub(r"(?<=\S) {2,}", " ", text).strip()
    text = re.sub(r"[,;:]+$", "", text)
    return text if text.endswith((".", "!", "?")) else f"{text}."


def listed(items: Sequence[str], last: str = "and") -> str:
    """Items as a person lists them: "a, b and c"."""
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
