"""The left of the Review page: filters, the queue around the dialogue on screen, and the export."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import cast

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Queue
from diaforge_core.records.review import REJECT_REASONS
from diaforge_core.services.datasets import ShownState
from diaforge_core.services.exports import Exports, Format

from . import review_labels, review_queue, wiring
from .ambiguity_strip import candidates, required_ticks, strip
from .dialogue_view import FAULT_WORDS, Shown, conversation, flatten, value_text
from .edit_dialog import edit_turn, outcome_words
from .generate_dialogue import anew_row
from .palette import STATES, badge_markdown
from .wiring import acting, services, who
from .wording import ago, clip, count, exact, plain

AROUND = 9
"""Rows of the queue on screen."""
EXPORTS = {
    "trl": "Hugging Face, TRL",
    "openai": "OpenAI fine-tuning",
    "sharegpt": "LLaMA-Factory (ShareGPT)",
    "dpo": "Preference pairs (DPO)",
    "dialogues": "DiaForge itself",
}


@dataclass(frozen=True, slots=True)
class Filters:
    """What the queue shows."""

    dataset: str
    state: ShownState | None
    text: str


def filters(datasets: list[str]) -> Filters:
    """Draw dataset, state chips and text search; all three are in the link."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        dataset = wiring.pick("Dataset", datasets, "dataset", width=170)
        info = services().datasets.info(dataset)
        numbers = {
            "pending": info.pending,
            "failed": info.failed,
            "flagged": info.flagged,
            "accepted": info.accepted,
            "rejected": info.rejected,
            "all": info.dialogues,
        }
        words = {"failed": "failed", "all": "all"} | {state: look.word for state, look in STATES.items()}
        state = wiring.linked(
            st.pills,
            "Show",
            list(numbers),
            "state",
            "pending" if info.pending else "all",
            format_func=lambda value: f"{words[value]} {numbers[value]}",
        )
        text = st.text_input(
            "Search", key="text", bind="query-params", placeholder="words said", icon=":material/search:", width=150
        )
    return Filters(dataset, None if state == "all" else cast(ShownState, state), text.strip())


def filters_of(queue: Queue) -> Filters:
    """What a queue shows."""
    return Filters(queue.filter.dataset, queue.filter.state, queue.filter.text)


def current(ids: list[str]) -> str | None:
    """The dialogue that the link names, else the first of the queue; None if there is neither."""
    asked = st.query_params.get("dialogue")
    return asked or (ids[0] if ids else None)


def nothing_left(filters: Filters) -> None:
    """Why the queue is empty, and the way on."""
    words = "match these words" if filters.text else "are left in this list"
    with st.container(border=True):
        st.markdown(f":material/inbox: No dialogues {words}.")
        if services().datasets.info(filters.dataset).kept:
            wiring.link(wiring.TRAIN, "Train on what was kept", dataset=filters.dataset)
            export_box(filters.dataset)
        wiring.link(wiring.GENERATE, "Generate more")


def queue(filters: Filters, ids: list[str], here: str) -> None:
    """The part of the queue around the dialogue on screen."""
    place = ids.index(here) if here in ids else 0
    position = f"**{place + 1}** of {len(ids):,}" if here in ids else f"not among these {len(ids):,}"
    st.markdown(position)
    start = max(0, min(place - AROUND // 2, len(ids) - AROUND))
    frame = services().datasets.dialogues(
        filters.dataset, state=filters.state, text=filters.text, offset=start, limit=AROUND
    )
    for row in frame.to_dict("records"):
        look = STATES.get(row["state"])
        icon = look.icon if look else "priority_high"
        st.button(
            plain(clip(row["opening"], 24)),
            key=f"queue.{row['id']}",
            icon=f":material/{icon}:",
            type="secondary" if row["id"] == here else "tertiary",
            on_click=show,
            args=(row["id"],),
        )
    bulk_button(ids, here)
    export_box(filters.dataset)


def export_box(dataset: str) -> None:
    """The kept dialogues as a file for a training tool; it is written when the button is pressed."""
    kept = services().datasets.info(dataset).kept
    with st.popover("Export", icon=":material/download:", key=f"export.{dataset}", disabled=not kept):
        wiring.link(wiring.GENERATE, "How varied it is, and its card", view="Variety", dataset=dataset)
        form = str(st.radio("For", list(EXPORTS), format_func=wiring.words_of(EXPORTS), key="review.export"))
        st.caption(
            f"{count(kept, 'dialogue')} that passed every check and that nobody rejected, one JSON object a line."
        )
        st.download_button(
            "Download",
            partial(_export_text, services().exports, dataset, cast(Format, form)),
            file_name=f"{dataset}-{form}.jsonl",
            mime="application/jsonl",
            key=f"export.{dataset}.{form}",
            icon=":material/download:",
            type="primary",
            on_click="ignore",
        )


def _export_text(exports: Exports, dataset: str, form: Format) -> str:
    return "".join(exports.lines(dataset, form))


def centre(reviewed: Reviewed) -> None:
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
    st.markdown(f"{look} :gray[{dialogue.scenario.tier}{version}{by}{advice}]", help=exact(last.when) if last else None)
    strip(services().review.ambiguity_strip(dialogue), list(dialogue.scenario.candidates))
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
            on_select=partial(review_labels.select, dialogue.id),
            on_light=partial(_light, lit_key),
            on_edit=partial(_open, dialogue.id, "edit"),
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

    acting(play)["on_click"]()


def _light(key: str, parameter: str) -> None:
    st.session_state[key] = "" if st.session_state.get(key) == parameter else parameter


def _open(dialogue_id: str, kind: str, turn: int = -1) -> None:
    """Open a dialog, and stay with this dialogue though an edit may take it out of the list."""
    st.query_params["dialogue"] = dialogue_id
    st.session_state[OPEN] = (dialogue_id, kind, turn)


def side(reviewed: Reviewed) -> None:
    """Candidates with what tells them apart, required arguments, and the hidden side behind a switch."""
    dialogue = reviewed.dialogue
    scenario = dialogue.scenario
    tools = services().review.tools(dialogue)
    steps = services().review.ambiguity_strip(dialogue)
    shown = st.toggle("Show goal and gold values", key=f"review.gold.{dialogue.id}")
    candidates(tools, steps, goal=scenario.goal_tool if shown else "", tells_apart=_answers(dialogue))
    if steps and len(steps[-1].open_tools) == 1:
        only = next(tool for tool in tools if tool.name == steps[-1].open_tools[0])
        st.markdown("**Required**")
        required_ticks(only, steps)
    if shown:
        st.markdown("**Goal**")
        st.text(scenario.goal)
        if not scenario.solvable:
            st.caption("No right tool is in view here.")
        for name, value in flatten(scenario.gold_arguments):
            st.markdown(f":gray[{plain(name)}] {plain(clip(value_text(value), 80))}")
    history(reviewed)


def is_busy(dialogue: Dialogue) -> bool:
    """Whether a dialog is open for the dialogue, so that keys mean something else."""
    return st.session_state.get(OPEN, (None,))[0] == dialogue.id


def _answers(dialogue: Dialogue) -> dict[str, str]:
    """Candidate → its answer to the question that tells most of them apart."""
    scenario = dialogue.scenario
    if len(scenario.candidates) < 2:
        return {}
    found = services().catalogs.facets(scenario.catalog, scenario.candidates, scenario.catalog_version)
    return dict(found[0].answers) if found else {}


def history(reviewed: Reviewed) -> None:
    with st.popover("History", icon=":material/history:", key=f"history.{reviewed.dialogue.id}"):
        for decision in reversed(reviewed.decisions):
            reason = f": {plain(decision.reason)}" if decision.reason and decision.kind != "undo" else ""
            st.markdown(
                f"**{plain(decision.who)}** {decision.kind}{reason} "
                f":gray[version {decision.version}, {ago(decision.when)}]",
                help=exact(decision.when),
            )
        if not reviewed.decisions:
            st.caption("Nobody has decided anything here yet.")
        versions = services().review.versions(reviewed.dialogue.id)
        for before, after in pairwise(versions):
            for index, (old, new) in enumerate(zip(before.turns, after.turns, strict=False)):
                if old != new:
                    st.caption(f"Version {after.version}, turn {index + 1}")
                    st.code(f"- {_said(old)}\n+ {_said(new)}", language="diff", wrap_lines=True)


def _said(turn: object) -> str:
    call = getattr(turn, "call", None)
    return value_text(call.model_dump()) if call else getattr(turn, "reply", "")


def neighbours(ids: list[str], here: str) -> tuple[str | None, str | None]:
    """The dialogues before and after this one in the queue."""
    if here not in ids:
        return None, ids[0] if ids else None
    place = ids.index(here)
    return (ids[place - 1] if place else None), (ids[place + 1] if place + 1 < len(ids) else None)


def action_bar(filters: Filters, ids: list[str], reviewed: Reviewed, queue: Queue | None = None) -> None:
    """Accept, reject, flag, edit, undo, previous and next, each with its key; greyed while a dialog is open.

    In a queue the next one is what it serves, and passing this one gives it back.
    """
    dialogue = reviewed.dialogue
    before, after = (None, None) if queue else neighbours(ids, dialogue.id)
    on_after = None if queue else after if after else (before if filters.state else dialogue.id)
    busy = is_busy(dialogue)
    decided = reviewed.state in ("accepted", "rejected")
    decide = partial(services().queues.decide, dialogue.id, dialogue.version)
    move = partial(show, on_after)
    key = f"{dialogue.id}.{dialogue.version}"
    with st.bottom, st.container(horizontal=True, vertical_alignment="center"):
        if decided:
            st.button(
                "Reopen",
                key=f"reopen.{key}",
                icon=":material/lock_open:",
                disabled=busy,
                **acting(decide, "reopen", "", who()),
            )
        else:
            st.button(
                "Accept",
                key=f"accept.{key}",
                icon=":material/check:",
                type="primary",
                shortcut="A",
                disabled=busy or not dialogue.passed,
                help=None if dialogue.passed else _why_not_accepted(dialogue),
                **acting(decide, "accept", "", who(), then=move, say="Accepted."),
            )
            st.button(
                "Reject",
                key=f"reject.{key}",
                icon=":material/close:",
                shortcut="X",
                disabled=busy,
                on_click=_open,
                args=(dialogue.id, "reject"),
            )
            st.button(
                "Flag",
                key=f"flag.{key}",
                icon=":material/flag:",
                shortcut="F",
                disabled=busy or reviewed.state == "flagged",
                **acting(decide, "flag", "", who(), then=move, say="Flagged."),
            )
        st.button(
            "Edit",
            key=f"edit.{key}",
            icon=":material/edit:",
            shortcut="E",
            disabled=busy,
            on_click=_open,
            args=(dialogue.id, "edit", len(dialogue.turns) - 1),
        )
        st.button(
            "Undo",
            key=f"undo.{key}",
            icon=":material/undo:",
            shortcut="U",
            disabled=busy,
            **acting(_undo),
            help="Take back your last decision",
        )
        st.button(
            "Previous",
            key=f"previous.{key}",
            icon=":material/arrow_back:",
            shortcut="Left",
            disabled=busy or not before,
            on_click=show,
            args=(before,),
        )
        st.button(
            "Skip" if queue else "Next",
            key=f"next.{key}",
            icon=":material/arrow_forward:",
            shortcut="Right",
            disabled=busy or not (after or queue),
            on_click=review_queue.skip if queue else show,
            args=(queue, dialogue.id) if queue else (after,),
        )
        st.button(
            "Keys",
            key=f"keys.{key}",
            icon=":material/keyboard:",
            shortcut="H",
            disabled=busy,
            type="tertiary",
            on_click=_open,
            args=(dialogue.id, "keys"),
        )
    if busy:
        open_dialog(reviewed, move)


def _why_not_accepted(dialogue: Dialogue) -> str:
    """Why a dialogue that fails a check cannot be accepted: no training takes it before it passes."""
    failed = ", ".join(
        dict.fromkeys(FAULT_WORDS.get(v.verifier, v.verifier) for v in dialogue.verdicts if not v.passed)
    )
    return plain(f"It fails a check ({failed or 'not checked yet'}). Edit it until it passes, or reject it.")


def _undo() -> None:
    taken_back = services().queues.undo(who())
    if taken_back is None:
        wiring.tell("There is nothing of yours to take back.")
        return
    wiring.tell(f"Took back: {taken_back.kind}.")
    show(taken_back.dialogue)


def open_dialog(reviewed: Reviewed, move: partial) -> None:
    """The dialog that the session says is open for this dialogue."""
    _, kind, turn = st.session_state[OPEN]
    if kind == "reject":
        _reject_dialog(reviewed.dialogue, move)
    elif kind == "edit":
        _edit_dialog(reviewed.dialogue, turn)
    else:
        _keys_dialog()


def _close() -> None:
    st.session_state.pop(OPEN, None)


@st.dialog("Reject: what is wrong?", on_dismiss=_close)
def _reject_dialog(dialogue: Dialogue, move: partial) -> None:
    st.caption("Press the number, or click. Esc leaves it as it is.")
    for number, reason in enumerate(REJECT_REASONS, start=1):
        decide = partial(services().queues.decide, dialogue.id, dialogue.version, "reject", reason, who())
        if st.button(
            reason.capitalize(),
            key=f"reason.{dialogue.id}.{dialogue.version}.{number}",
            shortcut=str(number),
            width="stretch",
            **acting(decide, then=move, say=f"Rejected: {reason}."),
        ):
            _close()
            st.rerun()


@st.dialog("Edit", width="large", on_dismiss=_close)
def _edit_dialog(dialogue: Dialogue, turn: int) -> None:
    with wiring.guarded():
        if edit_turn(dialogue, turn if 0 <= turn < len(dialogue.turns) else len(dialogue.turns) - 1):
            _close()
            st.rerun()


@st.dialog("Keys", on_dismiss=_close)
def _keys_dialog() -> None:
    keys = {
        "A": "accept",
        "X": "reject, then a number for the reason",
        "F": "flag for somebody else",
        "E": "edit the last turn",
        "J": "select the turn after",
        "K": "select the turn before",
        "1 … 9": "put a label on the selected turn, or take it off",
        "U": "undo your last decision",
        "←": "previous",
        "→": "next; in a queue, skip",
        "H": "this list",
        "Esc": "close a dialog",
    }
    for name, meaning in keys.items():
        st.markdown(f"`{name}` {meaning}")
    st.caption("Keys rest while you type.")
