"""The workspace that is open, the others beside it, and what of them is archived or deleted."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from diaforge_core.errors import DiaForgeError
from diaforge_core.services import workspaces
from diaforge_core.settings import workspace_dir

from .wiring import FOLDER, acting, give_up, open_folder, opened_at, who
from .wording import ago, plain


def workspace() -> None:
    """Which one is open; switching, making, archiving, deleting and bringing back."""
    folder = workspace_dir(st.session_state.get(FOLDER))
    box = st.popover(
        plain(folder.name, 24),
        icon=":material/folder:",
        width="stretch",
        key="sidebar.workspace",
        help=plain(folder),
        on_change="rerun",
    )
    if not box.open:
        return
    with box:
        st.caption("Workspace: everything that is yours lies in this folder.")
        st.code(str(folder), language=None, wrap_lines=True)
        _others(folder)
        chosen = st.text_input("Open another folder", key="sidebar.folder", placeholder="/path/to/workspace")
        st.button("Open", key="sidebar.open", disabled=not chosen.strip(), **acting(switch, chosen))
        name = st.text_input("New workspace", key="sidebar.new", max_chars=60)
        st.button("Create", key="sidebar.create", disabled=not name.strip(), **acting(_create, folder, name))
        _archived(folder)
        _bin(folder)


def switch(chosen: str) -> None:
    """Show the workspace at `chosen` from now on; WorkspaceError, and the old one stays, if it cannot be opened."""
    before = st.session_state.get(FOLDER)
    try:
        open_folder(str(Path(chosen.strip()).expanduser()))
    except DiaForgeError:
        st.session_state[FOLDER] = before
        raise


def _create(folder: Path, name: str) -> None:
    switch(str(workspaces.create(folder, name)))


def _others(folder: Path) -> None:
    for info in workspaces.listed(folder):
        if info.path == folder:
            continue
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            opening = acting(switch, str(info.path))
            st.button(plain(info.name, 30), key=f"workspace.{info.path}", icon=":material/folder_open:", **opening)
            away = acting(_archive, info.path, True)
            st.button("Archive", key=f"workspace.archive.{info.path}", type="tertiary", **away)
            deleting = acting(_remove, info.path, say=f"{info.name} is in the bin; it can be brought back for 30 days.")
            st.button("Delete", key=f"workspace.delete.{info.path}", type="tertiary", **deleting)


def _archived(folder: Path) -> None:
    for info in workspaces.listed(folder, archived=True):
        if info.archived and info.path != folder:
            with st.container(horizontal=True, vertical_alignment="center", gap="small"):
                st.markdown(f":gray[{plain(info.name, 30)}, archived]", width="stretch")
                back = acting(_archive, info.path, False)
                st.button("Bring back", key=f"workspace.back.{info.path}", type="tertiary", **back)


def _bin(folder: Path) -> None:
    for binned in workspaces.bin_of(folder):
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.markdown(f":gray[{plain(binned.name, 30)}, deleted {ago(binned.when)}]", width="stretch")
            back = acting(lambda binned=binned: workspaces.restore(binned, who()))
            st.button("Undo", key=f"workspace.undo.{binned.path.name}", type="tertiary", **back)


def _archive(folder: Path, archived: bool) -> None:
    workspaces.archive(folder, who(), archived=archived, opened=opened_at(folder))


def _remove(folder: Path) -> None:
    workspaces.remove(folder, who(), opened=opened_at(folder))
    give_up(folder)
