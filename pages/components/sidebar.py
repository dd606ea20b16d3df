"""What stands beside every page: the workspace, running work, who is at the keyboard."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from diaforge_core.errors import DiaForgeError
from diaforge_core.settings import workspace_dir

from .run_progress import side_line
from .wiring import acting, open_folder, services, who
from .wording import plain

SECONDS_BETWEEN = 3.0


def sidebar() -> None:
    """Draw it; WorkspaceError where the workspace cannot be opened (the switch is drawn first)."""
    with st.sidebar:
        _workspace()
        _person()
        if services().jobs.unfinished():
            st.fragment(_running, run_every=SECONDS_BETWEEN)()
        for notice in services().notices:
            st.warning(plain(notice))


def _running() -> None:
    runs = services().jobs.unfinished()
    st.caption("Running work" if runs else "Nothing is running")
    for run in runs[:4]:
        side_line(run)


def _workspace() -> None:
    folder = workspace_dir(st.session_state.get("workspace.folder"))
    with st.popover(
        plain(folder.name, 24), icon=":material/folder:", width="stretch", key="sidebar.workspace", help=plain(folder)
    ):
        st.caption("Workspace: everything that is yours lies in this folder.")
        st.code(str(folder), language=None, wrap_lines=True)
        chosen = st.text_input("Open another folder", key="sidebar.folder", placeholder="/path/to/workspace")
        st.button("Open", key="sidebar.open", disabled=not chosen.strip(), **acting(_switch, chosen))


def _switch(chosen: str) -> None:
    before = st.session_state.get("workspace.folder")
    try:
        open_folder(str(Path(chosen.strip()).expanduser()))
    except DiaForgeError:
        st.session_state["workspace.folder"] = before
        raise


def _person() -> None:
    with st.popover(plain(who(), 24), icon=":material/person:", width="stretch", key="sidebar.who"):
        st.text_input(
            "Decisions are signed by", key="who.name", placeholder=who(), persist_state="session", max_chars=40
        )
