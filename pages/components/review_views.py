"""Named views on the Review page: choose one, keep what the page shows as one, pass it on."""

from __future__ import annotations

from urllib.parse import urlencode

import streamlit as st

from diaforge_core.records.queue import Filter
from diaforge_core.services.views import LONGEST_NAME, View

from .review_filters import query_of, turn_to
from .wiring import acting, services, who
from .wording import plain

NONE = "none"


def views(found: Filter) -> None:
    """Draw the choice of a view, and the keeping and passing on of what the page shows now."""
    known = {view.id: view for view in services().views.all()}
    here = next((view for view in known.values() if view.filter == found), None)
    if known:
        _chooser(known, here)
    box = st.popover("View and link", icon=":material/bookmark:", key="views.keep", on_change="rerun")
    if not box.open:
        return
    with box:
        _keep(found, here)
        st.caption("Link to this filter; the address of the page also names the dialogue and the turn.")
        st.code(f"{(st.context.url or '/review').partition('?')[0]}?{urlencode(query_of(found))}", wrap_lines=True)


def _chooser(known: dict[str, View], here: View | None) -> None:
    current = here.id if here else NONE
    key = f"views.choice.{current}"

    def turn() -> None:
        asked = st.session_state[key]
        if asked != current and asked in known:  # a browser that lags behind tells again what was chosen before
            turn_to(known[asked].filter)

    st.selectbox(
        "View",
        [*([] if here else [NONE]), *known],
        key=key,
        index=0 if here is None else list(known).index(here.id),
        format_func=lambda key: known[key].name if key in known else "none, as filtered",
        on_change=turn,
    )


def _keep(found: Filter, here: View | None) -> None:
    """Name what is shown, or rename or delete the view that it is."""
    if not services().people.may(who(), "arrange"):
        st.caption("Reviewers keep views.")
        return
    start = here.name if here else ""
    name = st.text_input("Name", start, key=f"views.name.{here.id if here else NONE}.{start}", max_chars=LONGEST_NAME)
    if here is None:
        save = acting(lambda: services().views.save(name, found, who()), say="The view is kept.")
        st.button("Keep as a view", key="views.save", type="primary", disabled=not name.strip(), **save)
        return
    st.caption(f"Named by {plain(here.who)}.")
    with st.container(horizontal=True):
        rename = acting(lambda: services().views.rename(here.id, name, who()), say="Renamed.")
        st.button("Rename", key=f"views.rename.{here.id}", disabled=name.strip() in ("", here.name), **rename)
        delete = acting(lambda: services().views.delete(here.id, who()), say="The view is deleted.")
        st.button("Delete view", key=f"views.delete.{here.id}", type="tertiary", icon=":material/delete:", **delete)
