"""How far the people of a queue agree, where they do not, and settling it; what the critic is worth."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Queue
from diaforge_core.records.review import REJECT_REASONS
from diaforge_core.services.agreement import Agreement, Share
from diaforge_core.services.opinions import Disagreement

from . import charts
from .dialogue_view import FAULT_WORDS
from .palette import STATES, badge_markdown, colours
from .review_state import screen
from .wiring import acting, services, who
from .wording import clip, count, interval, plain

CRITIC = "critic"
STATE_OF = {"accept": "accepted", "reject": "rejected", "flag": "flagged"}
MEANING = "1 is full agreement, 0 what chance would give. Above 0.8 is commonly called reliable, below 0.67 not."


def section(queue: Queue) -> None:
    """Agreement on decisions and on each label, then the open disagreements."""
    found = services().agreement.of(queue.id)
    names = {label.id: label.name for label in services().labels.all(archived=True)}
    rows = [("accept, reject or flag", found.decisions), *((names[key], each) for key, each in found.labels.items())]
    st.subheader("How far people agree", anchor=False)
    if not found.decisions.units:
        st.info("Nobody has judged the same dialogue as somebody else yet. A queue with an overlap asks for that.")
    else:
        st.markdown(sentence(found.decisions))
        measured = [(name, each) for name, each in rows if each.value is not None]
        if measured:
            charts.draw(plot(measured), f"agreement.{queue.id}", "; ".join(words(*row) for row in measured))
        for name, each in rows:
            st.caption(words(name, each))
        st.caption(MEANING)
    disagreements(queue)


def sentence(found: Agreement) -> str:
    """Agreement on decisions in plain words."""
    corrected = f"corrected for chance, {number(found)}" if found.value is not None else "always one and the same thing"
    return (
        f"Everybody said the same on **{found.same:,} of {count(found.units, 'dialogue')}** that several people "
        f"judged; {corrected}."
    )


def words(name: str, found: Agreement) -> str:
    """One row in words."""
    return f"{plain(name)}: {number(found)}, the same on {found.same:,} of {found.units:,}"


def number(found: Agreement) -> str:
    """`kappa 0.62 (0.41 to 0.80), 3 people`."""
    people = count(found.people, "person", "people")
    if found.value is None:
        return f"{found.measure} cannot be told, {people}"
    ends = f" ({found.interval.low:.2f} to {found.interval.high:.2f})" if found.interval else " (no interval)"
    return f"{found.measure} {found.value:.2f}{ends}, {people}"


def plot(rows: list[tuple[str, Agreement]]) -> go.Figure:
    """One row a question: a dot with its interval between -1 and 1, and marks where agreement is called reliable."""
    tint = colours()
    figure = go.Figure()
    names = [plain_name(name) for name, _ in rows]
    values = [each.value or 0.0 for _, each in rows]
    ends = [
        (each.interval.low, each.interval.high) if each.interval else (value, value)
        for (_, each), value in zip(rows, values, strict=True)
    ]
    figure.add_scatter(
        x=values,
        y=names,
        mode="markers",
        marker={"size": 11, "color": tint["primary"]},
        error_x={
            "type": "data",
            "symmetric": False,
            "array": [high - value for (_, high), value in zip(ends, values, strict=True)],
            "arrayminus": [value - low for (low, _), value in zip(ends, values, strict=True)],
            "thickness": 2,
            "width": 5,
            "color": tint["primary"],
        },
        hovertext=[number(each) for _, each in rows],
        hoverinfo="text",
        showlegend=False,
    )
    for mark in (0.0, 0.8):
        figure.add_vline(x=mark, line={"color": tint["faint"], "width": 1, "dash": "dot"})
    figure.update_xaxes(
        range=[min(-0.25, *(low for low, _ in ends)) - 0.05, 1.05], gridcolor=tint["faint"], zeroline=False, side="top"
    )
    figure.update_yaxes(categoryorder="array", categoryarray=names[::-1], automargin=True)
    figure.update_layout(height=80 + 34 * len(names))
    return figure


def plain_name(name: str) -> str:
    """A label's name for a plot, which reads tags."""
    return clip(name, 40).replace("<", "‹").replace("&", "＆")


def disagreements(queue: Queue) -> None:
    """The dialogues that people disagree on, each with what everybody said and, for an adjudicator, the settling."""
    found = services().opinions.disagreements(queue)
    st.subheader(f"Disagreements ({len(found)})", anchor=False)
    if not found:
        st.caption("None is open.")
    for each in found:
        with st.container(border=True, key=f"disputed.{each.dialogue}"):
            _disagreement(queue, each)


def _disagreement(queue: Queue, each: Disagreement) -> None:
    st.text(clip(each.opening, 160))
    for said in each.opinions:
        reason = f": {plain(said.reason, 120)}" if said.reason else ""
        st.markdown(f"{badge_markdown(STATES, STATE_OF[said.kind])} **{plain(said.who, 24)}**{reason}")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Read it",
            key=f"read.{each.dialogue}.{each.version}",
            icon=":material/open_in_new:",
            type="tertiary",
            on_click=_read,
            args=(each.dialogue,),
        )
        if not services().people.may(who(), "adjudicate"):
            st.caption("An admin settles it.")
            return
        key = f"{each.dialogue}.{each.version}"
        reason = str(st.selectbox("Reason, if rejected", REJECT_REASONS, key=f"settle.reason.{key}", width=190))
        for kind, label, why in (("accept", "Accept", ""), ("reject", "Reject", reason), ("flag", "Flag", "")):
            settle = acting(
                services().opinions.adjudicate, each.dialogue, each.version, kind, why, who(), say="Settled."
            )
            st.button(label, key=f"settle.{kind}.{key}", **settle)


def _read(dialogue_id: str) -> None:
    st.query_params["view"] = "Read"
    screen().show(dialogue_id)


def critic_line(dialogue: Dialogue, dataset: str) -> None:
    """What the critic says of the dialogue, and how often people agreed with it when it said so."""
    verdict = next((verdict for verdict in dialogue.verdicts if verdict.verifier == CRITIC), None)
    if verdict is None:
        return
    record = services().agreement.critic(dataset)
    share = record.passed if verdict.passed else record.failed
    said = "would accept" if verdict.passed else f"objects: {plain(verdict.reason, 200)}"
    st.markdown(f":material/robot_2: The {FAULT_WORDS[CRITIC]} {said}")
    st.caption(critic_words(share))


def critic_words(share: Share) -> str:
    """`People agreed with that in 82 % (70–90), n = 40.`"""
    if not share.n:
        return "Nobody has decided yet on a dialogue of which it said so."
    ends = share.interval
    return f"People agreed with that in {interval(share.agreed / share.n, ends.low, ends.high, share.n)}."
