"""The Tools tab: every tool of a catalog, found as one types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog, SideEffect, Tool

from .background import ready
from .catalog_state import FILTERS, LARGE, LEFT, asked, chosen_row
from .catalog_tool import tool_detail
from .palette import SIDE_EFFECTS, look
from .wiring import services
from .wording import clip, count

EFFECTS: tuple[SideEffect, ...] = ("read", "write", "destructive")
PAGE = 60
"""Tools on a page of the table."""
ALL, FLAGGED, TWINS = "All", "Suspicious text", "Duplicates"
ALL_PARTS = "All parts"
Nearest = Mapping[str, Sequence[tuple[str, float]]]


def tools_tab(catalog: Catalog) -> None:
    """A page of tools with search and filters, and beside it whichever is chosen."""
    found, total = _found(catalog)
    left, right = st.columns([7, 5], gap="medium")
    with left:
        _table(catalog, found, total)
    with right:
        _detail(catalog, found)


def _found(catalog: Catalog) -> tuple[Sequence[Tool], int]:
    """The tools of the page that the link asks for, and how many there are on all pages; the filters are drawn."""
    parts = sorted({tool.group for tool in catalog.tools if tool.group})
    _as_left(catalog.name)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        text = st.text_input(
            "Search",
            key="q",
            bind="query-params",
            placeholder="name, text or parameter",
            icon=":material/search:",
            live=True,
            on_change=_from_the_start,
        )
        effect: SideEffect | None = st.pills(
            "Side effect",
            EFFECTS,
            key="effect",
            bind="query-params",
            format_func=lambda v: SIDE_EFFECTS[v].word,
            on_change=_from_the_start,
        )
        show = st.segmented_control(
            "Show",
            [ALL, FLAGGED, TWINS],
            default=ALL,
            required=True,
            key="show",
            bind="query-params",
            on_change=_from_the_start,
        )
        part = ALL_PARTS
        if len(parts) > 1:
            part = st.selectbox(
                "Part", [ALL_PARTS, *parts], key="part", bind="query-params", width=220, on_change=_from_the_start
            )
    st.session_state[LEFT] = (catalog.name, {key: st.session_state.get(key) for key in FILTERS})
    wanted = None if show == ALL else _marked(catalog, str(show))
    group = None if part == ALL_PARTS else part
    most = PAGE if wanted is None else len(catalog.tools)
    offset = (_page_number() - 1) * PAGE if wanted is None else 0
    page = services().catalogs.search(catalog.name, text, effect, offset, most, group)
    if wanted is None:
        return page.tools, page.total
    kept = [tool for tool in page.tools if tool.name in wanted]
    start = (_page_number() - 1) * PAGE
    return kept[start : start + PAGE], len(kept)


def _as_left(name: str) -> None:
    """Put the filters back as they were when this tab was left; the framework forgets what is not on screen."""
    of, values = st.session_state.get(LEFT, ("", {}))
    if of != name or any(key in st.query_params for key in FILTERS):
        return
    for key, value in values.items():
        if value and not st.session_state.get(key):
            st.session_state[key] = value


def _from_the_start() -> None:
    """Another search begins on its first page, with its first tool."""
    for key in ("page", "tool"):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)


def _page_number() -> int:
    asked_page = str(st.session_state.get("page") or st.query_params.get("page", "1"))
    return max(1, int(asked_page)) if asked_page.isdecimal() and len(asked_page) < 6 else 1


def _marked(catalog: Catalog, show: str) -> set[str]:
    """Names of the tools with suspicious text, or of those with a twin that nothing tells apart."""
    with st.spinner("Looking through all tools …"):
        if show == FLAGGED:
            return set(services().catalogs.suspicions(catalog.name))
        return {name for group in services().catalogs.duplicates(catalog.name) for name in group.tools}


def _table(catalog: Catalog, found: Sequence[Tool], total: int) -> None:
    pages = max(1, -(-total // PAGE))
    st.caption(f"{total:,} of {count(len(catalog.tools), 'tool')}")
    if not found:
        st.info(
            "No tool holds all of these words. Fewer words, or another filter, find more.", icon=":material/search:"
        )
        return
    nearest = _nearest(catalog)
    key = f"tools.{catalog.version}.{hash(tuple(tool.name for tool in found))}.{nearest is not None}"
    on_screen = asked(catalog, "tool")
    rows = [index for index, tool in enumerate(found) if on_screen is not None and tool.name == on_screen.name]
    st.dataframe(
        tool_frame(found, nearest),
        key=key,
        hide_index=True,
        height=min(560, 37 + 33 * max(3, len(found))),
        on_select=lambda: _choose(key, found),
        selection_mode="single-row",
        selection_default={"selection": {"rows": rows[:1]}},
        placeholder="…",
        column_order=("name", "method", "effect", "nearest", "group"),
        column_config={
            "name": st.column_config.TextColumn("Tool", width=178),
            "method": st.column_config.TextColumn("Method", width=62),
            "effect": st.column_config.TextColumn("Effect", width=62),
            "nearest": st.column_config.ProgressColumn(
                "Closest",
                width=105,
                min_value=0,
                max_value=1,
                format="%.2f",
                help="Closeness to its nearest neighbour, 0 to 1",
            ),
            "group": st.column_config.TextColumn("Part", width=150),
        },
    )
    if pages > 1:
        st.pagination(pages, key="page", bind="query-params", default=1)


def _choose(key: str, found: Sequence[Tool]) -> None:
    row = chosen_row(key)
    if row is None:
        st.query_params.pop("tool", None)
    elif row < len(found):
        st.query_params["tool"] = found[row].name


def _nearest(catalog: Catalog) -> Nearest | None:
    """The nearest tools of each; None while they are being found for a large catalog."""
    if len(catalog.tools) < LARGE:
        return services().catalogs.ambiguity(catalog.name).nearest
    catalogs = services().catalogs
    found = ready(("ambiguity", catalog.version), lambda: catalogs.ambiguity(catalog.name, catalog.version), wait=0.3)
    if found is None:
        _waiting(catalog.name, catalog.version)
        return None
    return found.nearest


@st.fragment(run_every=2)
def _waiting(name: str, version: str) -> None:
    """A line that goes, and has the tab drawn anew, once the nearest tools are found."""
    st.caption(":material/hourglass_top: Finding the nearest tools of each; search works meanwhile.")
    catalogs = services().catalogs
    if ready(("ambiguity", version), lambda: catalogs.ambiguity(name, version)) is not None:
        st.rerun()


def tool_frame(tools: Sequence[Tool], nearest: Nearest | None) -> pd.DataFrame:
    """One row a tool, in order; closeness missing where it is not known yet."""
    near = nearest or {}
    closest = [float(near[tool.name][0][1]) if near.get(tool.name) else None for tool in tools]
    return pd.DataFrame(
        {
            "name": [clip(tool.original_name, 120) for tool in tools],
            "group": [clip(tool.group, 60) for tool in tools],
            "method": [clip(tool.method, 20) for tool in tools],
            "effect": [look(SIDE_EFFECTS, tool.side_effect).word for tool in tools],
            "nearest": pd.Series(closest, dtype="float64"),
        }
    )


def _detail(catalog: Catalog, found: Sequence[Tool]) -> None:
    tool = asked(catalog, "tool") or (found[0] if found else None)
    if tool is not None:
        tool_detail(catalog, tool, _nearest_of(catalog, tool))


def _nearest_of(catalog: Catalog, tool: Tool) -> Sequence[tuple[str, float]] | None:
    """The nearest five of one tool; None while they are being found."""
    if len(catalog.tools) < LARGE:
        return services().catalogs.ambiguity(catalog.name).nearest.get(tool.name, ())[:5]
    catalogs = services().catalogs
    found = ready(("ambiguity", catalog.version), lambda: catalogs.ambiguity(catalog.name, catalog.version))
    return None if found is None else found.nearest.get(tool.name, ())[:5]
