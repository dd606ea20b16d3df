"""What stands beside every page: the workspace, running work, who is at the keyboard."""

from __future__ import annotations

import streamlit as st

from .run_progress import side_line
from .sidebar_people import person
from .sidebar_workspaces import workspace
from .wiring import services, signs_in, who
from .wording import plain

SECONDS_BETWEEN = 3.0


def sidebar() -> None:
    """Draw it; WorkspaceError where the workspace cannot be opened (the switch is drawn first)."""
    with st.sidebar:
        workspace()
        if signs_in():
            services().people.welcome(who())
        person()
        if services().jobs.unfinished():
            st.fragment(_running, run_every=SECONDS_BETWEEN)()
        for notice in services().notices:
            st.warning(plain(notice))


def _running() -> None:
    runs = services().jobs.unfinished()
    st.caption("Running work" if runs else "Nothing is running")
    for run in runs[:4]:
        side_line(run)


def sign_in() -> None:
    """All that is shown to somebody who has not signed in where that is asked for."""
    st.title("DiaForge", anchor=False)
    st.markdown("Sign in to see this workspace.")
    st.button("Sign in", key="sidebar.sign_in", icon=":material/login:", type="primary", on_click=st.login)
