"""What the Catalog page looks at, kept in its link, and the way from one tab to another."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import streamlit as st

from diaforge_core.records.tool import Catalog, Tool

from .wiring import acting, services, who
from .wording import ago, clip, exact, plain

TOOLS, MAP, PAIR, REPORT, HISTORY = "Tools", "Confusion map", "Pair", "Import report", "History"
TABS = (TOOLS, MAP, PAIR, REPORT, HISTORY)
BY_VERSION: dict[str | type[Any], Callable[[Any], Any]] = {Catalog: lambda catalog: catalog.version}
"""How a catalog is told from another where results are kept."""
LARGE = 4_000
"""Tools from which on slow findings are made beside the page instead of before it is drawn."""


FILTERS = ("q", "effect", "part", "show")
"""Keys of what narrows the table of tools."""
LEFT = "tools.left"
"""Where the filters are kept while another tab is open: (catalog, key → value)."""


def show_tab(tab: str) -> None:
    """Bring a tab forward; for use in callbacks."""
    st.session_state["view"] = tab


def show_pair(a: str, b: str) -> None:
    """Bring two tools beside each other; for use in callbacks."""
    st.query_params["a"], st.query_params["b"] = a, b
    show_tab(PAIR)


def show_tool(name: str) -> None:
    """Bring one tool on screen; for use in callbacks."""
    st.session_state.pop(LEFT, None)
    for key in (*FILTERS, "page"):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
    st.query_params["tool"] = name
    show_tab(TOOLS)


def asked(catalog: Catalog, key: str) -> Tool | None:
    """The tool that the link names under `key`, if this catalog has it."""
    name = st.query_params.get(key, "")
    return catalog.tool(name) if name in catalog else None


@st.cache_resource(show_spinner=False, max_entries=8, hash_funcs=BY_VERSION)
def labels(catalog: Catalog) -> dict[str, str]:
    """Name of each tool → what to call it on screen: as its document does, with the document where two share that."""
    seen = Counter(tool.original_name for tool in catalog.tools)
    again = Counter((tool.original_name, tool.source) for tool in catalog.tools)
    short = short_sources(catalog.tools)
    found = {}
    for tool in catalog.tools:
        found[tool.name] = clip(tool.original_name, 90)
        if seen[tool.original_name] > 1:
            alone = again[tool.original_name, tool.source] == 1
            found[tool.name] += f" · {clip(short[tool.source] if alone else tool.position, 60)}"
    return found


def short_sources(tools: Sequence[Tool]) -> dict[str, str]:
    """File name of each document → its name without the ending and without what all of them begin with."""
    stems = {tool.source: tool.source.rsplit(".", 1)[0] for tool in tools}
    first, last = min(stems.values(), default=""), max(stems.values(), default="")
    shared = next((n for n, pair in enumerate(zip(first, last, strict=False)) if pair[0] != pair[1]), 0)
    return {source: stem[shared:] or stem for source, stem in stems.items()}


def chosen_row(key: str) -> int | None:
    """The row that is chosen in the table of this key, if one is."""
    state: Any = st.session_state.get(key)
    rows = state["selection"]["rows"] if state else []
    return int(rows[0]) if rows else None


def editing(catalog: Catalog, function: Callable[..., Any], *args: Any, say: str, **more: Any) -> dict[str, Any]:
    """The `on_click` of a button that edits the catalog as it is on screen, signed by who is at the keyboard."""

    def edit() -> None:
        function(catalog.name, *args, who=who(), **more)

    return acting(edit, say=say)


def last_change(name: str) -> None:
    """What was done last to the catalog, with the button that takes it back."""
    found = services().catalogs.history(name)
    newest = found[0]
    if len(found) < 2:
        return
    with st.container(horizontal=True, vertical_alignment="center", gap="small"):
        _change_line(newest)
        st.button(
            "Undo",
            icon=":material/undo:",
            key=f"catalog.undo.{name}.{newest.seq}",
            help="The catalog as it was before; undo again goes further back.",
            **acting(lambda: services().catalogs.undo(name, who=who()), say="Taken back."),
        )
        if newest.shows is not None:
            st.button(
                "Redo",
                icon=":material/redo:",
                key=f"catalog.redo.{name}.{newest.seq}",
                **acting(lambda: services().catalogs.redo(name, who=who()), say="Done again."),
            )


def _change_line(newest: Any) -> None:
    by = f" · {plain(newest.who)}" if newest.who else ""
    what = plain(newest.note or newest.kind, 160)
    st.caption(f"Last change: {what}{by} · {ago(newest.moment)}", help=exact(newest.moment), width="content")
