"""Labels of turns on the Review page: one turn is selected, the keys 1 to 9 put labels on it and take them off."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import streamlit as st

from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.label import Label
from diaforge_core.services.labels import PutLabel
from diaforge_core.services.review import Reviewed

from .label_buttons import buttons, chip, may_label
from .review_state import screen
from .wiring import acting, action, services, who
from .wording import ago, plain


def selected(dialogue: Dialogue) -> int:
    """Index of the turn that labels and comments are about: the one of the link, else the last.

    Where the link asks for a label, it is the first turn that carries it.
    """
    linked = st.query_params.get("turn", "")
    asked = int(linked) - 1 if linked.isdecimal() and len(linked) < 7 else _labelled(dialogue)
    return min(max(asked, 0), len(dialogue.turns) - 1)


def _labelled(dialogue: Dialogue) -> int:
    """The first turn with the label that is filtered by, else the last turn."""
    label = st.query_params.get("label", "")
    turns = services().labels.turns(dialogue.id, label, who()) if label else []
    return min(turns, default=len(dialogue.turns) - 1)


def of_turns(put: Sequence[PutLabel]) -> dict[int, str]:
    """Turn of the newest version → its labels as Markdown chips, with how many people put each of them."""
    names = {label.id: label.name for label in services().labels.all(archived=True)}
    chips: dict[int, dict[str, list[str]]] = {}
    for each in put:
        if each.now_turn is not None:
            chips.setdefault(each.now_turn, {}).setdefault(each.label, []).append(each.who)
    return {
        turn: " ".join(chip(names.get(key, key), len(people)) for key, people in labels.items())
        for turn, labels in chips.items()
    }


def panel(reviewed: Reviewed, put: Sequence[PutLabel], busy: bool) -> None:
    """Which turn is selected, and a button a label with its key; none of them works while a dialog is open."""
    dialogue = reviewed.dialogue
    turn = selected(dialogue)
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        st.markdown(f"**Labels of turn {turn + 1}**", width="stretch")
        for name, key, step in (("Up", "K", -1), ("Down", "J", 1)):
            target = turn + step
            st.button(
                name,
                key=f"turn.{dialogue.id}.{dialogue.version}.{key}",
                type="tertiary",
                shortcut=key,
                disabled=busy or not 0 <= target < len(dialogue.turns),
                on_click=screen().pressed,
                args=(reviewed, partial(screen().select, dialogue.id, target)),
            )
    if not may_label():
        return
    own = {each.label for each in put if each.now_turn == turn and each.who == who()}
    buttons(f"label.{dialogue.id}.{dialogue.version}.{turn}", own, partial(_toggle, reviewed, turn), disabled=busy)
    _about_older(put)


def _toggle(reviewed: Reviewed, turn: int, label: str) -> Callable[[], None]:
    dialogue, here = reviewed.dialogue, screen()
    toggle = partial(services().labels.toggle, dialogue.id, dialogue.version, turn, label, who())
    return partial(here.pressed, reviewed, action(toggle, then=partial(here.select, dialogue.id, turn)))


def _about_older(put: Sequence[PutLabel]) -> None:
    """Labels whose turn was changed since."""
    names = {label.id: label.name for label in services().labels.all(archived=True)}
    for each in put:
        if each.now_turn is None:
            st.caption(
                f"{plain(names.get(each.label, each.label))}: on turn {each.turn + 1} of version {each.version}, "
                f"which was changed since ({plain(each.who)}, {ago(each.when)})"
            )


def taxonomy() -> None:
    """The list of labels for those who may change it: rename, archive, add."""
    if not services().people.may(who(), "taxonomy"):
        return
    box = st.popover("Edit labels", icon=":material/edit_note:", key="labels.edit", on_change="rerun")
    if not box.open:
        return
    with box:
        st.caption("Renaming keeps what was labelled; an archived label stays where it is and is no longer offered.")
        for label in services().labels.all(archived=True):
            _entry(label)
        name = st.text_input("New label", key="labels.new", max_chars=60)
        st.button(
            "Add", key="labels.add", disabled=not name.strip(), **acting(lambda: services().labels.add(name, who=who()))
        )


def _entry(label: Label) -> None:
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input(
            f"Name of {label.id}", label.name, key=f"labels.name.{label.id}.{label.name}", max_chars=60
        )
        if name.strip() != label.name:
            rename = acting(lambda: services().labels.change(label.id, name=name, who=who()))
            st.button("Rename", key=f"labels.rename.{label.id}", **rename)
        else:
            away = acting(lambda: services().labels.change(label.id, archived=not label.archived, who=who()))
            st.button("Bring back" if label.archived else "Archive", key=f"labels.archive.{label.id}", **away)
