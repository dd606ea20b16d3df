"""A conversation as people read it: user left, assistant right, thoughts folded, calls as cards, verdicts in place."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import streamlit as st

from diaforge_core.records.dialogue import Dialogue, Evidence, Turn, Verdict
from diaforge_core.records.tool import Tool, ToolCall
from diaforge_core.records.trace import AuditMark

from .palette import SIDE_EFFECTS, badge_markdown
from .wording import clip, duration, letters, plain

SPEAKERS = {"user": ("User", "person"), "assistant": ("Assistant", "smart_toy"), "tool": ("System", "dns")}
VERIFIER_WORDS = {
    "format": "format",
    "tool_call": "right tool",
    "arguments": "arguments",
    "grounding": "grounded",
    "leak": "no leak",
    "phase_order": "order of questions",
    "relevance": "relevant questions",
    "critic": "critic",
    "duplicate": "no repetition",
}
FAULT_WORDS = {
    "format": "format",
    "tool_call": "wrong tool",
    "arguments": "wrong arguments",
    "grounding": "not grounded",
    "leak": "gives it away",
    "phase_order": "order of questions",
    "relevance": "needless question",
    "critic": "critic",
    "duplicate": "says the same again",
    "rollout": "broke off",
}
"""What a verifier that failed has found."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What is drawn around the turns; every part may be left out."""

    key: str
    """Id of the record, part of every widget's key."""
    tools: Mapping[str, Tool] = field(default_factory=dict)
    """Cleaned name → candidate, in the order shown; the order gives the letters."""
    verdicts: Sequence[Verdict] = ()
    marks: Sequence[AuditMark] = ()
    evidence: Sequence[Evidence] = ()
    lit: str = ""
    """Parameter whose words are highlighted."""
    first: int = 0
    """Turns before this index are folded."""
    on_light: Callable[[str], None] | None = None
    """Called with a parameter when its value is clicked; without it values are plain text."""
    labels: Mapping[int, str] = field(default_factory=dict)
    """Turn → the labels on it, as Markdown."""
    selected: int | None = None
    """The turn that labels and comments are about; None where none can be chosen."""
    on_select: Callable[[int], None] | None = None
    """Called with a turn's index from the button that chooses it."""
    on_edit: Callable[[int], None] | None = None
    """Called with a turn's index from its edit button; without it there is none."""


def letter_of(tools: Mapping[str, Tool], name: str) -> str:
    """The letter of a candidate, the same through a whole conversation; empty for a tool that is none."""
    return letters(list(tools).index(name)) if name in tools else ""


def conversation(turns: Sequence[Turn], shown: Shown) -> None:
    """Draw all turns, each verdict and audit mark under the turn it concerns, the others at the end."""
    if shown.first > 1:
        with st.expander(
            f"The first {shown.first} turns, alike in both", type="compact", icon=":material/unfold_more:"
        ):
            for index in range(shown.first):
                _turn(index, turns[index], shown)
    for index in range(shown.first if shown.first > 1 else 0, len(turns)):
        _turn(index, turns[index], shown)
    _faults([v for v in shown.verdicts if v.turn is None or not 0 <= v.turn < len(turns)], [])
    verdict_line(shown.verdicts)


def read_dialogue(dialogue: Dialogue, tools: Iterable[Tool], key: str = "") -> None:
    """Draw a dialogue for reading only."""
    by_name = {tool.name: tool for tool in tools}
    conversation(dialogue.turns, Shown(key=f"{key}{dialogue.id}", tools=by_name, verdicts=dialogue.verdicts))


def verdict_line(verdicts: Sequence[Verdict]) -> None:
    """One chip a verifier: passed or failed, the reason on hover."""
    if not verdicts:
        return
    chips = []
    for verdict in verdicts:
        words = VERIFIER_WORDS if verdict.passed else FAULT_WORDS
        word = words.get(verdict.verifier, plain(verdict.verifier))
        colour, icon = ("gray", "check") if verdict.passed else ("orange", "priority_high")
        chips.append(f":{colour}-badge[:material/{icon}: {word}]")
    failed = [f"{v.verifier}: {v.reason}" for v in verdicts if not v.passed]
    help_text = "Each check read only the turns, the candidates and the scenario. " + plain("; ".join(failed))
    st.markdown(" ".join(chips), help=help_text)


def _turn(index: int, turn: Turn, shown: Shown) -> None:
    left, right = st.columns([7, 1] if turn.speaker == "user" else [1, 7], gap="small")
    with (
        left if turn.speaker == "user" else right,
        st.container(border=True, gap="xsmall", key=f"turn.{shown.key}.{index}"),
    ):
        _head(index, turn, shown)
        if turn.thought:
            with st.expander("Thought", type="compact", icon=":material/psychology:"):
                st.text(turn.thought)
        if turn.call is not None:
            call_card(index, turn.call, shown)
        elif turn.reply:
            _words(index, turn, shown)
        else:
            st.caption("says nothing")
        _faults([v for v in shown.verdicts if v.turn == index], [m for m in shown.marks if m.turn == index])
        if index in shown.labels:
            st.markdown(shown.labels[index])


def _head(index: int, turn: Turn, shown: Shown) -> None:
    word, icon = SPEAKERS[turn.speaker]
    cost = " · ".join(
        part
        for part in (duration(turn.seconds) if turn.seconds else "", f"{turn.tokens} tokens" if turn.tokens else "")
        if part
    )
    words = f":material/{icon}: {word} · turn {index + 1}{' · ' + cost if cost else ''}"
    if shown.selected == index:  # no badge in a caption: it would be too faint to read
        words = f":blue-badge[selected] :gray[:small[{words}]]"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        draw = st.markdown if shown.selected == index else st.caption
        draw(words, help=plain(turn.note) or None, width="stretch")
        if shown.on_select is not None and shown.selected != index:
            st.button(
                f"Select turn {index + 1}",
                key=f"select.{shown.key}.{index}",
                type="tertiary",
                on_click=shown.on_select,
                args=(index,),
            )
        if shown.on_edit is not None and turn.speaker != "tool":
            st.button(
                f"Edit turn {index + 1}",
                key=f"edit.{shown.key}.{index}",
                type="tertiary",
                on_click=shown.on_edit,
                args=(index,),
            )


def _words(index: int, turn: Turn, shown: Shown) -> None:
    """The reply; as it is, or as escaped Markdown with the words that a clicked value came from highlighted."""
    spans = [e for e in shown.evidence if e.parameter == shown.lit and e.turn == index]
    if not spans:
        st.text(turn.reply)
        return
    start, end = spans[-1].start, spans[-1].end
    before, lit, after = turn.reply[:start], turn.reply[start:end], turn.reply[end:]
    st.markdown(f"{_inline(before)}:primary-background[**{_inline(lit)}**]{_inline(after)}")


def _inline(text: str) -> str:
    """Escaped Markdown that keeps the spaces at both ends."""
    lead = " " if text[:1].isspace() else ""
    tail = " " if text[-1:].isspace() and text.strip() else ""
    return f"{lead}{plain(text)}{tail}"


def call_card(index: int, call: ToolCall, shown: Shown) -> None:
    """The call as a card: tool with letter and side effect, then each argument with where its value comes from."""
    tool = shown.tools.get(call.name)
    letter = letter_of(shown.tools, call.name)
    name = plain(tool.original_name if tool else call.name)
    effect = badge_markdown(SIDE_EFFECTS, tool.side_effect) if tool else ":red-badge[not among the candidates]"
    st.markdown(f"{f'**{letter}** · ' if letter else ''}Calls **{name}** {effect}")
    sources = {evidence.parameter: evidence for evidence in shown.evidence}
    for parameter, value in flatten(call.arguments):
        _argument(index, parameter, value, sources.get(parameter), shown)
    if not call.arguments:
        st.caption("without arguments")


def flatten(arguments: Mapping[str, Any], prefix: str = "") -> list[tuple[str, Any]]:
    """Dotted path and value of every leaf; a list is one leaf."""
    rows: list[tuple[str, Any]] = []
    for name, value in arguments.items():
        path = f"{prefix}{name}"
        rows += flatten(value, f"{path}.") if isinstance(value, Mapping) and value else [(path, value)]
    return rows


def value_text(value: Any) -> str:
    """A value as people write it; anything but text as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _argument(index: int, parameter: str, value: Any, source: Evidence | None, shown: Shown) -> None:
    text = clip(value_text(value), 120)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.caption(plain(parameter), width=128)
        if shown.on_light is not None and source is not None:
            st.button(
                plain(text),
                key=f"light.{shown.key}.{index}.{parameter}",
                type="tertiary",
                wrap=True,
                on_click=shown.on_light,
                args=(parameter,),
                help="Show the words this value comes from",
            )
        else:
            st.text(text)
        if source is not None:
            st.badge(f"from turn {source.turn + 1}", color="gray")
        elif shown.evidence or shown.on_light is not None:
            st.badge("not grounded", icon=":material/priority_high:", color="orange")


def _faults(verdicts: Sequence[Verdict], marks: Sequence[AuditMark]) -> None:
    for verdict in verdicts:
        if not verdict.passed:
            word = FAULT_WORDS.get(verdict.verifier, plain(verdict.verifier))
            st.markdown(f":orange-badge[:material/priority_high: {word}] {plain(verdict.reason, 300)}")
    for mark in marks:
        kind = mark.kind.replace("_", " ")
        st.markdown(f":yellow-badge[:material/person_alert: user side: {kind}] {plain(mark.reason, 300)}")
