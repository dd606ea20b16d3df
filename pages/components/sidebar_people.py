"""Who is at the keyboard, what they may do, and what others may."""

from __future__ import annotations

from typing import cast

import streamlit as st

from diaforge_core.services.people import ROLES, Role

from . import wiring
from .wiring import acting, services, who
from .wording import plain

MEANS: dict[Role, str] = {
    "analyst": "reads, generates, trains, evaluates, exports, comments",
    "reviewer": "also decides, edits, labels, renames and archives",
    "admin": "also makes queues, settles disagreements, gives roles, deletes",
}


def person() -> None:
    """The name and role of this reader, and for an admin those of the others."""
    name = plain(who(), 24)
    box = st.popover(name, icon=":material/person:", width="stretch", key="sidebar.who", on_change="rerun")
    if not box.open:
        return
    role = services().people.role(who())
    known = services().people.all()
    with box:
        if wiring.signs_in():
            st.button("Sign out", key="who.out", icon=":material/logout:", on_click=st.logout)
        else:
            st.text_input(
                "Decisions are signed by",
                key=wiring.NAME,
                placeholder=who(),
                max_chars=40,
                on_change=lambda: wiring.call_me(str(st.session_state[wiring.NAME] or "")),
            )
        if known:
            st.caption(f"{role.capitalize()}: {MEANS[role]}.")
        else:
            st.caption("No roles are given yet: everybody who works here may do everything.")
        if services().people.may(who(), "people"):
            _roles(known)


def _roles(known: dict[str, Role]) -> None:
    st.markdown("**Roles**")
    for name, role in known.items():
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(f"{plain(name, 30)} :gray[{role}]", width="stretch")
            take = acting(services().people.take, name, who())
            st.button("Take away", key=f"role.take.{name}", type="tertiary", help=f"The role of {plain(name)}", **take)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.text_input("Name", key="role.name", max_chars=80, placeholder=who() if not known else "")
        choices = ROLES if known else ("admin",)
        role = cast(Role, st.selectbox("Role", choices, index=len(choices) - 1, key="role.role", width=120))
        st.button("Give", key="role.give", **acting(lambda: services().people.give(name or who(), role, who())))
    if not known:
        st.caption("The first role must be an admin's, such as your own. From then on whoever has none is an analyst.")
