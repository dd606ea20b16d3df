"""What was still open after each turn: the candidates that the words allowed and the arguments not yet known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Protocol

import streamlit as st

from diaforge_core.records.tool import Tool

from .palette import SIDE_EFFECTS, badge_markdown
from .wording import clip, count, letters, plain


class Step(Protocol):
    """What the services report for one turn."""

    @property
    def turn(self) -> int: ...
    @property
    def open_tools(self) -> Sequence[str]: ...
    @property
    def missing(self) -> Sequence[str]: ...


def strip(steps: Sequence[Step], names: Sequence[str]) -> None:
    """Draw a cell a step: letters of the open candidates, the ruled-out ones struck through, and what is missing."""
    if not steps:
        return
    with st.container(border=True, horizontal=True, gap="small"):
        for step in steps:
            st.markdown(
                f":gray[:small[after turn {step.turn + 1}]]  \n{letters_line(step.open_tools, names)}  \n"
                f":gray[:small[{_missing(step)}]]",
                width=84,
            )


def letters_line(open_tools: Collection[str], names: Sequence[str]) -> str:
    """Markdown of all candidates' letters, those ruled out grey and struck through."""
    return " ".join(
        f"**{letters(index)}**" if name in open_tools else f":gray[~~{letters(index)}~~]"
        for index, name in enumerate(names)
    )


def _missing(step: Step) -> str:
    if len(step.open_tools) > 1:
        return f"{count(len(step.open_tools), 'tool')} open"
    if step.missing:
        return f"{count(len(step.missing), 'value')} open"
    return ":material/check: all known" if step.open_tools else "none fits"


def candidates(
    tools: Sequence[Tool],
    steps: Sequence[Step],
    *,
    goal: str = "",
    tells_apart: Mapping[str, str] | None = None,
) -> None:
    """Draw the candidates A, B, … with what tells them apart, struck through once the words ruled them out.

    The goal tool, where given, is in the accent colour. Those whose documents call them alike have the names that
    models see.
    """
    out = ruled_out(steps, [tool.name for tool in tools])
    alike = Counter(tool.original_name for tool in tools)
    for index, tool in enumerate(tools):
        name = tool.original_name if alike[tool.original_name] == 1 else tool.name
        _candidate(index, tool, name, out, goal, (tells_apart or {}).get(tool.name) or tool.summary)


def _candidate(index: int, tool: Tool, called: str, out: Mapping[str, int], goal: str, hint: str) -> None:
    name = plain(clip(called, 44))
    shown = f"~~{name}~~" if tool.name in out else f"**{name}**"
    colour = "primary" if tool.name == goal else "gray"
    effect = badge_markdown(SIDE_EFFECTS, tool.side_effect) if tool.side_effect == "destructive" else ""
    when = f" · out from turn {out[tool.name] + 1}" if tool.name in out else ""
    st.markdown(
        f":{colour}-badge[{letters(index)}] {shown} {effect}  \n:gray[:small[{plain(hint, 90)}{when}]]",
        help=plain(tool.text, 400) or None,
    )


def ruled_out(steps: Sequence[Step], names: Sequence[str]) -> dict[str, int]:
    """Candidate → the turn from which on it was no longer open; those open at the end are absent."""
    out: dict[str, int] = {}
    for step in steps:
        for name in names:
            if name in step.open_tools:
                out.pop(name, None)
            else:
                out.setdefault(name, step.turn)
    return out


def required_ticks(tool: Tool, steps: Sequence[Step]) -> None:
    """Draw the required arguments of the one tool in question, ticked from the step on which each was known."""
    missing = set(steps[-1].missing) if steps else set(tool.required)
    lines = []
    for name in tool.required:
        icon, word = ("radio_button_unchecked", "open") if name in missing else ("check_circle", "known")
        lines.append(f":material/{icon}: {plain(name)} :gray[{word}]")
    st.markdown("  \n".join(lines) or ":gray[Nothing is required.]")
