"""The middle of the Review page: what was open when, the conversation with its verdicts, and the reader's draft."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.review import Reviewed, StripStep

from . import review_labels, wiring
from .ambiguity_strip import strip
from .dialogue_view import Shown, conversation
from .edit_dialog import outcome_words
from .generate_dialogue import anew_row
from .palette import STATES, badge_markdown
from .review_state import screen
from .wiring import acting, action, services, who
from .wording import ago, exact, plain


def centre(reviewed: Reviewed, steps: Sequence[StripStep]) -> None:
    """Strip, then the conversation with its verdicts and labels."""
    dialogue = reviewed.dialogue
    state = reviewed.state if reviewed.state != "pending" or dialogue.passed else "failed"
    look = (
        badge_markdown(STATES, state) if state in STATES else ":orange-badge[:material/priority_high: failed a check]"
    )
    version = f" · version {dialogue.version}" if dialogue.version > 1 else ""
    last = reviewed.decisions[-1] if reviewed.decisions else None
    by = f" · {plain(last.who)}, {ago(last.when)}" if last else ""
    advice = "" if dialogue.passed or state in ("accepted", "rejected") else " · edit it until it passes, or reject it"
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(
            f"{look} :gray[{dialogue.scenario.tier}{version}{by}{advice}]",
            width="stretch",
            help=exact(last.when) if last else None,
        )
        st.button(
            "History",
            key=f"history.{dialogue.id}.{dialogue.version}",
            icon=":material/history:",
            type="tertiary",
            on_click=screen().pressed,
            args=(reviewed, partial(screen().open_dialog, dialogue.id, "history")),
        )
    here = screen()
    _draft_notice(dialogue)
    strip(steps, list(dialogue.scenario.candidates))
    evidence = services().review.evidence(dialogue)
    lit_key = f"review.lit.{dialogue.id}"
    conversation(
        dialogue.turns,
        Shown(
            key=f"review.{dialogue.id}",
            tools={tool.name: tool for tool in services().review.tools(dialogue)},
            verdicts=dialogue.verdicts,
            evidence=[found for found in evidence.values() if found is not None],
            lit=st.session_state.get(lit_key, ""),
            labels=review_labels.of_turns(services().labels.of(dialogue.id, who())),
            selected=review_labels.selected(dialogue),
            on_select=partial(here.select, dialogue.id),
            on_light=partial(_light, lit_key),
            on_edit=lambda turn: here.pressed(reviewed, partial(here.open_dialog, dialogue.id, "edit", turn)),
        ),
    )
    if state not in ("accepted", "rejected"):
        anew_row(dialogue, f"review.{dialogue.id}.{dialogue.version}", partial(_play_anew, dialogue))


def _play_anew(dialogue: Dialogue, turn: int) -> None:
    """Have the scripts play on from a turn, as a new version that is stored like an edit."""
    st.query_params["dialogue"] = dialogue.id

    def play() -> None:
        new = services().generation.regenerate(dialogue.id, turn, seed=dialogue.version, who=who())
        wiring.tell(outcome_words(new))

    action(play)()


def _light(key: str, parameter: str) -> None:
    st.session_state[key] = "" if st.session_state.get(key) == parameter else parameter


def _draft_notice(dialogue: Dialogue) -> None:
    """What this reader has typed into the dialogue and not saved, and the way on."""
    draft = services().drafts.find(dialogue.id, who())
    if draft is None:
        return
    older = draft.version != dialogue.version
    with st.container(border=True, horizontal=True, vertical_alignment="center", gap="small"):
        began = f" It began on version {draft.version}; there is a newer one." if older else ""
        st.markdown(
            f":material/edit_note: Your draft from **{ago(draft.when)}**.{began}",
            width="stretch",
            help=exact(draft.when),
        )
        st.button(
            "Compare" if older else "Go on",
            key=f"draft.open.{dialogue.id}",
            icon=":material/call_split:" if older else ":material/edit:",
            on_click=screen().open_dialog,
            args=(dialogue.id, "edit", len(dialogue.turns) - 1),
        )
        st.button(
            "Discard",
            key=f"draft.discard.{dialogue.id}",
            icon=":material/delete:",
            type="tertiary",
            **acting(services().drafts.discard, dialogue.id, who(), say="Draft discarded."),
        )
