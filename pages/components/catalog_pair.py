"""The Pair tab: two tools side by side, what separates them, and what to do about it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog, Tool
from diaforge_core.services.catalogs import ToolPair

from .background import ready
from .catalog_schema import full_text
from .catalog_state import LARGE, asked, chosen_row, editing, labels
from .palette import SIDE_EFFECTS, badge_markdown
from .text_diff import WHERE_WORDS, FieldDifference, field_differences, marked_words
from .wiring import action, services, who
from .wording import clip, plain

MATCHES = 30
"""Tools that a lookup lists."""
NEITHER = "no rule"
STATUS_WORDS = {
    NEITHER: "As measured",
    "pinned": ":material/push_pin: Pin",
    "banned": ":material/do_not_disturb_on: Ban",
}


def pair_tab(catalog: Catalog) -> None:
    """Two tools, their closeness, the question that separates them, and the edits that would part them."""
    if len(catalog.tools) < 2:
        st.info("A pair needs two tools.", icon=":material/compare_arrows:")
        return
    a, b = _chosen(catalog)
    left, right = st.columns(2, gap="medium")
    with left:
        _lookup(catalog, "a", a, b)
    with right:
        _lookup(catalog, "b", b, a)
    pair = services().catalogs.pair(catalog.name, a.name, b.name)
    numbers, says = st.columns([5, 7], gap="medium")
    with numbers, st.container(border=True, height="stretch"):
        _closeness(catalog, pair)
    with says, st.container(border=True, height="stretch"):
        _question(catalog, pair)
    _side_by_side(pair)
    _fields(catalog, pair)
    _rewording(catalog, pair)


def _chosen(catalog: Catalog) -> tuple[Tool, Tool]:
    """The two tools that the link names, else the riskiest pair, else the first two."""
    a, b = asked(catalog, "a"), asked(catalog, "b")
    if a is None and b is None:
        risky = _riskiest(catalog)
        return risky if risky else (catalog.tools[0], catalog.tools[1])
    known = a or b or catalog.tools[0]
    near = _near(catalog, known)
    other = catalog.tool(near[0][0]) if near else next(tool for tool in catalog.tools if tool.name != known.name)
    if a is not None and b is not None and a.name != b.name:
        return a, b
    return (known, other) if a is not None else (other, known)


def _riskiest(catalog: Catalog) -> tuple[Tool, Tool] | None:
    found = _map(catalog)
    if found is None or not found.riskiest:
        return None
    return catalog.tool(found.riskiest[0].a), catalog.tool(found.riskiest[0].b)


def _near(catalog: Catalog, tool: Tool) -> Sequence[tuple[str, float]]:
    found = _map(catalog)
    return found.nearest.get(tool.name, ()) if found else ()


def _map(catalog: Catalog) -> Any:
    """What gets confused in the catalog; None while it is being found for a large one."""
    catalogs = services().catalogs
    if len(catalog.tools) < LARGE:
        return catalogs.ambiguity(catalog.name)
    return ready(("ambiguity", catalog.version), lambda: catalogs.ambiguity(catalog.name, catalog.version), wait=0.1)


def _lookup(catalog: Catalog, side: str, tool: Tool, other: Tool) -> None:
    """The tool's name and the button under which another one is found by its nearness or by words."""
    own = f"{side}.{catalog.version}.{tool.name}.{other.name}"
    with st.container(horizontal=True, vertical_alignment="center", horizontal_alignment="distribute"):
        st.markdown(f"##### {plain(labels(catalog)[tool.name], 110)}")
        with st.popover("Change", icon=":material/search:", key=f"look.{own}"):
            text = st.text_input(
                "Find a tool", key=f"look.text.{own}", placeholder="name, text or parameter", live=True
            )
            close = dict(_near(catalog, other))
            if text.strip():
                found = [each.name for each in services().catalogs.search(catalog.name, text, None, 0, MATCHES).tools]
            else:
                st.caption(f"Nearest to {plain(other.original_name, 60)}")
                found = list(close)
            found = [name for name in found if name != other.name]
            _matches(catalog, f"look.rows.{own}.{hash(tuple(found))}", side, found, close)


def _matches(catalog: Catalog, key: str, side: str, found: Sequence[str], close: dict[str, float]) -> None:
    if not found:
        st.caption("No tool holds all of these words.")
        return
    st.dataframe(
        pd.DataFrame(
            {
                "name": [labels(catalog)[name] for name in found],
                "closeness": pd.Series([close.get(name) for name in found], dtype="float64"),
            }
        ),
        key=key,
        hide_index=True,
        width=420,
        height=min(320, 37 + 33 * len(found)),
        placeholder="",
        selection_mode="single-row",
        on_select=lambda: _take(key, side, found),
        column_config={
            "name": st.column_config.TextColumn("Tool", width=280),
            "closeness": st.column_config.ProgressColumn("Close", width=90, min_value=0, max_value=1, format="%.2f"),
        },
    )


def _take(key: str, side: str, found: Sequence[str]) -> None:
    row = chosen_row(key)
    if row is not None and row < len(found):
        st.query_params[side] = found[row]


def _closeness(catalog: Catalog, pair: ToolPair) -> None:
    """Closeness with its parts as bars, and the rule that people set for the pair."""
    parts = pair.closeness
    st.markdown(f"**Closeness {parts.total:.2f}**", help="0.6 × text + 0.2 × name + 0.2 × parameters, each from 0 to 1")
    for word, value in (("Text", parts.text), ("Name", parts.name), ("Parameters", parts.parameters)):
        st.progress(min(1.0, max(0.0, value)), text=f"{word} {value:.2f}")
    names = (min(pair.a.name, pair.b.name), max(pair.a.name, pair.b.name))
    now = "pinned" if names in catalog.pinned else "banned" if names in catalog.banned else NEITHER
    key = f"rule.{catalog.version}.{names[0]}.{names[1]}"
    st.segmented_control(
        "In scenarios",
        list(STATUS_WORDS),
        default=now,
        required=True,
        key=key,
        format_func=STATUS_WORDS.__getitem__,
        help="Pinned: offered beside each other whenever one of them is the goal. Banned: never in one scenario.",
        on_change=action(lambda: _set_rule(catalog, names, now, key)),
    )


def _set_rule(catalog: Catalog, names: tuple[str, str], now: str, key: str) -> None:
    """Store the rule that was chosen for a pair, unless it is the one there is."""
    status = st.session_state[key]
    if status == now:  # a browser that lags behind tells again what was chosen before
        return
    wanted = status if status in ("pinned", "banned") else None
    services().catalogs.pair_as(catalog.name, *names, wanted, who=who(), on=catalog.version)


def _question(catalog: Catalog, pair: ToolPair) -> None:
    """The question that separates the two with each one's answer, and the next best ones."""
    found = services().catalogs.facets(catalog.name, (pair.a.name, pair.b.name))
    best = pair.facet
    if best is None:
        st.markdown(
            ":material/warning: **Nothing that a user could answer tells these two apart.** They count as "
            "duplicates and are never offered beside each other."
        )
        return
    st.markdown(f"**What one would ask**  \n:material/contact_support: {plain(best.question)}")
    for tool in (pair.a, pair.b):
        st.markdown(
            f"- {plain(labels(catalog)[tool.name])}: **{plain(best.answers.get(tool.name) or 'fits either answer')}**"
        )
    others = [facet for facet in found if facet.key != best.key][:4]
    if others:
        with st.expander(f"{len(others)} more that would do"):
            for facet in others:
                answers = " / ".join(plain(facet.answers.get(t.name) or "either") for t in (pair.a, pair.b))
                st.markdown(f"{plain(facet.question)}  \n:gray[{answers}]")


def _side_by_side(pair: ToolPair) -> None:
    """The two texts, words that the other lacks marked."""
    for column, tool, other in zip(st.columns(2, gap="medium"), (pair.a, pair.b), (pair.b, pair.a), strict=True):
        with column.container(border=True, height="stretch"):
            old = " :orange-badge[:material/history: deprecated]" if tool.deprecated else ""
            st.markdown(f"{badge_markdown(SIDE_EFFECTS, tool.side_effect)}{old} :gray[{plain(tool.position, 120)}]")
            st.markdown(marked_words(full_text(tool), full_text(other)))


def _fields(catalog: Catalog, pair: ToolPair) -> None:
    """Every parameter of either tool: what only one has first, then what differs."""
    rows = field_differences(pair.a, pair.b)
    if not rows:
        st.caption("Neither takes a parameter.")
        return
    alike = sum(row.where == "both" for row in rows)
    st.markdown(f"**Parameters** :gray[{alike} of {len(rows)} alike; a star marks what is required]")
    st.dataframe(
        pd.DataFrame(
            [_field_row(row) for row in rows],
            columns=["a", "at", "where", "b", "bt"],
        ),
        key=f"fields.{catalog.version}.{pair.a.name}.{pair.b.name}",
        hide_index=True,
        height=min(300, 37 + 33 * len(rows)),
        column_config={
            "a": st.column_config.TextColumn("Left", width=170),
            "at": st.column_config.TextColumn("Type", width=110),
            "where": st.column_config.TextColumn("", width=90),
            "b": st.column_config.TextColumn("Right", width=170),
            "bt": st.column_config.TextColumn("Type", width=110),
        },
    )


def _field_row(field: FieldDifference) -> tuple[str, str, str, str, str]:
    name = clip(field.name, 80)
    return (
        name if field.first else "",
        field.first,
        WHERE_WORDS[field.where],
        name if field.second else "",
        field.second,
    )


def _rewording(catalog: Catalog, pair: ToolPair) -> None:
    """For each tool the words that would part the two, with the closeness that is measured after them."""
    st.markdown("**What would separate these**")
    edits = services().catalogs.suggest(catalog.name, pair.a.name, pair.b.name)
    if not edits:
        st.caption("No rewording made of the document's own facts would part them noticeably.")
        return
    for column, edit in zip(st.columns(len(edits), gap="medium"), edits, strict=True):
        tool = catalog.tool(edit.tool)
        with column.container(border=True, height="stretch"):
            st.markdown(f"{plain(labels(catalog)[tool.name], 110)}: closeness **{edit.before:.2f} → {edit.after:.2f}**")
            st.markdown(marked_words(f"{edit.summary.rstrip('.')}. {edit.description}".strip(". "), full_text(tool)))
            st.caption(plain(edit.why))
            st.button(
                "Take it",
                icon=":material/edit_note:",
                key=f"take.{catalog.version}.{edit.tool}.{pair.a.name}.{pair.b.name}",
                help="Store these words as a new version of the catalog; undo takes them back.",
                **editing(
                    catalog,
                    services().catalogs.reword,
                    edit.tool,
                    edit.summary,
                    edit.description,
                    say=f"Reworded {tool.original_name}. Undo stands at the top.",
                    on=catalog.version,
                ),
            )
