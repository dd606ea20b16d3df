"""Order among datasets and runs: renamed, archived, deleted, and brought back from the bin."""

from __future__ import annotations

import streamlit as st

from diaforge_core.services.housekeeping import KEPT_DAYS, Kind

from .wiring import acting, services, who
from .wording import ago, count, exact, plain


def keeping_box() -> None:
    """Choose a dataset or run and what to do with it; below, what is archived and what is in the bin."""
    box = st.expander(
        "Datasets and runs: rename, archive, delete", icon=":material/inventory_2:", key="keeping", on_change="rerun"
    )
    if not box.open:
        return
    with box:
        if not services().people.may(who(), "arrange"):
            st.caption("Reviewers rename and archive, admins delete.")
            return
        chosen = _choice()
        if chosen is not None:
            _acts(*chosen)
        _archived()
        _bin()


def _choice() -> tuple[Kind, str] | None:
    datasets: list[tuple[Kind, str]] = [("dataset", info.name) for info in services().datasets.names()]
    runs: list[tuple[Kind, str]] = [("run", run.name) for run in services().jobs.listed()]
    named = datasets + runs
    if not named:
        st.caption("There is nothing to put in order yet.")
        return None
    return st.selectbox("Which", named, format_func=lambda one: f"{one[0]} {one[1]}", key="keeping.which")


def _acts(kind: Kind, name: str) -> None:
    keeping = services().housekeeping
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new = st.text_input("New name", key=f"keeping.new.{kind}.{name}", placeholder=name, max_chars=64)
        renaming = acting(lambda: keeping.rename(kind, name, new, who()), say=f"It is called {new} now.")
        st.button("Rename", key="keeping.rename", disabled=not new.strip(), **renaming)
        st.button(
            "Archive", key="keeping.archive", icon=":material/archive:", **acting(keeping.archive, kind, name, who())
        )
        deleting = acting(keeping.remove, kind, name, who(), say=f"{name} is in the bin below for {KEPT_DAYS} days.")
        st.button("Delete", key="keeping.delete", icon=":material/delete:", **deleting)


def _archived() -> None:
    keeping = services().housekeeping
    kinds: tuple[Kind, ...] = ("dataset", "run")
    for kind in kinds:
        for name in keeping.archived(kind):
            with st.container(horizontal=True, vertical_alignment="center"):
                st.markdown(f":gray[{kind} {plain(name)}, archived]", width="stretch")
                back = acting(lambda kind=kind, name=name: keeping.archive(kind, name, who(), archived=False))
                st.button("Bring back", key=f"keeping.back.{kind}.{name}", type="tertiary", **back)


def _bin() -> None:
    binned = services().housekeeping.bin()
    if binned:
        st.markdown(f"**Bin** :gray[{count(len(binned), 'thing')}]")
    for each in binned:
        with st.container(horizontal=True, vertical_alignment="center"):
            words = f"{each.kind} {plain(each.name)}, deleted by {plain(each.who)} {ago(each.when)}"
            st.markdown(f":gray[{words}]", width="stretch", help=f"Gone for good on {exact(each.until)}")
            undo = acting(services().housekeeping.restore, each.id, who(), say=f"{each.name} is back.")
            st.button("Undo", key=f"keeping.undo.{each.id}", type="tertiary", **undo)
