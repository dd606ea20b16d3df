"""The one place for what an outcome, a state or a side effect looks like: word, icon and colour together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import streamlit as st

Colour = Literal["blue", "orange", "gray", "red", "yellow", "green", "primary"]

LIGHT: dict[str, str] = {
    "primary": "#0b6e69",
    "blue": "#0072b2",
    "orange": "#d9730d",
    "gray": "#6b7280",
    "red": "#9c3a1c",
    "yellow": "#b07d00",
    "text": "#0e1617",
    "faint": "#d9e0e0",
    "paper": "#ffffff",
}
"""Told apart by people with any of the common colour blindnesses (after Okabe and Ito), on white."""
DARK: dict[str, str] = {
    "primary": "#16837a",
    "blue": "#56b4e9",
    "orange": "#f0a04b",
    "gray": "#9aa5ad",
    "red": "#d9785a",
    "yellow": "#e3c04d",
    "text": "#e6ecec",
    "faint": "#364245",
    "paper": "#14191b",
}


@dataclass(frozen=True, slots=True)
class Look:
    """How one value is shown; a colour never stands alone."""

    word: str
    icon: str
    colour: Colour
    meaning: str = ""


OUTCOMES: dict[str, Look] = {
    "right": Look("right", "check_circle", "blue", "Called the goal tool with the right arguments."),
    "refused": Look("rightly refused", "check_circle", "blue", "Said that no tool fits, and none did."),
    "wrong_near_duplicate": Look("wrong twin", "call_split", "orange", "Called a near-duplicate of the goal tool."),
    "wrong_other_tool": Look("wrong tool", "wrong_location", "orange", "Called an unrelated tool."),
    "wrong_call": Look("called, none fits", "call_split", "orange", "Called a tool though none of them fits."),
    "premature": Look("called too early", "fast_forward", "yellow", "A required value was not yet known."),
    "missing_key": Look("argument missing", "remove_circle", "yellow", "Right tool, but an argument was left out."),
    "extra_key": Look("argument too many", "add_circle", "yellow", "Right tool, with an argument nobody gave."),
    "wrong_value": Look("wrong value", "error", "yellow", "Right tool, but a value is not the user's."),
    "abstained": Look("gave up", "do_not_disturb_on", "gray", "Made no call though one was right."),
    "turn_limit": Look("turn limit", "hourglass_disabled", "gray", "Still asking when the turns ran out."),
    "invented_tool": Look("invented tool", "dangerous", "red", "Called a tool that does not exist."),
    "error": Look("failed to run", "report", "red", "The rollout broke off; see its reason."),
}
STATES: dict[str, Look] = {
    "pending": Look("to review", "inbox", "gray"),
    "accepted": Look("accepted", "check_circle", "blue"),
    "rejected": Look("rejected", "cancel", "red"),
    "flagged": Look("flagged", "flag", "orange"),
}
RUN_STATES: dict[str, Look] = {
    "queued": Look("waiting", "schedule", "gray"),
    "running": Look("running", "play_circle", "green"),
    "paused": Look("paused", "pause_circle", "gray", "Nothing works on it; resume goes on where it stopped."),
    "succeeded": Look("finished", "check_circle", "blue"),
    "failed": Look("failed", "error", "red", "Its reason stands beside it."),
    "cancelled": Look("stopped", "stop_circle", "gray"),
    "lost": Look("interrupted", "link_off", "orange", "Its process is gone; resume goes on where it stopped."),
}
STAGES: dict[str, Look] = {
    "done": Look("done", "check_circle", "blue"),
    "going on": Look("going on", "play_circle", "green"),
    "stopped": Look("stopped", "pause_circle", "orange", "It goes on where it was."),
    "to do": Look("to do", "schedule", "gray"),
    "when asked for": Look("when asked for", "more_horiz", "gray", "Done only when you ask for it."),
}
SIDE_EFFECTS: dict[str, Look] = {
    "read": Look("reads", "visibility", "gray", "Changes nothing."),
    "write": Look("writes", "edit", "blue", "Creates or changes something."),
    "destructive": Look("destroys", "delete_forever", "red", "Cannot be taken back."),
}
UNKNOWN = Look("unknown", "help", "gray")


def look(kind: dict[str, Look], value: str) -> Look:
    """How to show `value`; one nobody foresaw is shown as its own words in grey."""
    return kind.get(value) or Look(value.replace("_", " ") or UNKNOWN.word, UNKNOWN.icon, UNKNOWN.colour)


def ink_on(colour: str) -> str:
    """The palette's darkest or lightest, whichever is read more easily on a colour of it, each as `#rrggbb`."""
    return max((LIGHT["text"], LIGHT["paper"]), key=lambda ink: contrast(ink, colour))


def contrast(one: str, other: str) -> float:
    """How two colours stand out, from 1 to 21 (WCAG 2.2, contrast ratio)."""
    darker, lighter = sorted(map(_luminance, (one, other)))
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance of `#rrggbb`, as WCAG 2.2 defines it."""
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def colours() -> dict[str, str]:
    """Colour name → hex for the theme the reader has chosen; for plots, which know nothing of themes."""
    return DARK if st.context.theme.type == "dark" else LIGHT


def badge(kind: dict[str, Look], value: str) -> None:
    """Draw `value` as word + icon + colour, its meaning on hover."""
    shown = look(kind, value)
    st.badge(shown.word, icon=f":material/{shown.icon}:", color=shown.colour, help=shown.meaning or None)


def badge_markdown(kind: dict[str, Look], value: str) -> str:
    """The same badge as Markdown, to stand inside a line."""
    shown = look(kind, value)
    return f":{shown.colour}-badge[:material/{shown.icon}: {shown.word}]"
