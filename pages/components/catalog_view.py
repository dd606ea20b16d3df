"""The tabs of the Catalog page."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog, Tool

from . import charts
from .map_layout import layout
from .palette import SIDE_EFFECTS, badge_markdown, look
from .wiring import services
from .wording import clip, count, plain


def tools_tab(catalog: Catalog) -> None:
    """A table of tools with search, and beside it whichever is chosen."""
    with st.container(horizontal=True):
        text = st.text_input(
            "Search", key="q", bind="query-params", placeholder="name, text or parameter", icon=":material/search:"
        )
        effect = st.pills(
            "Side effect",
            list(SIDE_EFFECTS),
            key="effect",
            bind="query-params",
            format_func=lambda v: SIDE_EFFECTS[v].word,
        )
    found = matching(catalog.tools, text, effect)
    st.caption(f"{len(found):,} of {count(len(catalog.tools), 'tool')}")
    left, right = st.columns([5, 4], gap="large")
    with left:
        event = st.dataframe(
            tool_frame(found, services().catalogs.ambiguity(catalog.name).nearest),
            key=f"tools.{catalog.version}.{text}.{effect}",
            hide_index=True,
            height=520,
            on_select="rerun",
            selection_mode="single-row",
            column_config={
                "name": st.column_config.TextColumn("Tool", width=150),
                "group": st.column_config.TextColumn("Part", width=58),
                "method": st.column_config.TextColumn("Method", width=58),
                "effect": st.column_config.TextColumn("Effect", width=58),
                "nearest": st.column_config.ProgressColumn(
                    "Closest",
                    width=95,
                    min_value=0,
                    max_value=1,
                    format="%.2f",
                    help="Closeness to its nearest neighbour, 0 to 1",
                ),
            },
        )
    with right:
        rows = event["selection"]["rows"]
        if rows and rows[0] < len(found):
            tool_detail(catalog, found[rows[0]])
        elif found:
            tool_detail(catalog, found[0])


def matching(tools: Sequence[Tool], text: str, effect: str | None) -> list[Tool]:
    """Tools whose name, text or parameters hold every word of `text`, of that side effect."""
    words = text.lower().split()
    found = []
    for tool in tools:
        hay = " ".join((tool.original_name, tool.name, tool.text, tool.group, *tool.properties)).lower()
        if all(word in hay for word in words) and effect in (None, tool.side_effect):
            found.append(tool)
    return found


def tool_frame(tools: Sequence[Tool], nearest: Mapping[str, Sequence[tuple[str, float]]]) -> pd.DataFrame:
    """One row a tool, in order."""
    return pd.DataFrame(
        {
            "name": [tool.original_name for tool in tools],
            "group": [tool.group for tool in tools],
            "method": [tool.method for tool in tools],
            "effect": [look(SIDE_EFFECTS, tool.side_effect).word for tool in tools],
            "nearest": [float(nearest[tool.name][0][1]) if nearest.get(tool.name) else 0.0 for tool in tools],
        }
    )


def tool_detail(catalog: Catalog, tool: Tool) -> None:
    """What the document says of a tool, its parameters as a tree and its nearest neighbours."""
    with st.container(border=True):
        tool_head(tool)
        near = services().catalogs.ambiguity(catalog.name).nearest.get(tool.name, ())[:5]
        st.markdown("**Parameters**")
        parameter_tree(tool.parameters)
        if near:
            st.markdown("**Easily mistaken for**")
            names = [clip(catalog.tool(name).original_name, 40) for name, _ in near]
            charts.draw(
                charts.closeness_bars(names, [value for _, value in near]),
                f"near.{catalog.version}.{tool.name}",
                "Closeness of the nearest tools: "
                + ", ".join(f"{n} {v:.2f}" for n, (_, v) in zip(names, near, strict=True)),
            )
        with st.popover("Schema as JSON", icon=":material/data_object:", key=f"schema.{catalog.version}.{tool.name}"):
            st.code(json.dumps(tool.parameters, indent=2, ensure_ascii=False), language="json", height=380)


def tool_head(tool: Tool) -> None:
    st.markdown(f"##### {plain(tool.original_name)}")
    st.markdown(
        f"{badge_markdown(SIDE_EFFECTS, tool.side_effect)} :gray[{plain(tool.group)}]",
        help=plain(tool.side_effect_reason) or None,
    )
    st.text(full_text(tool) or "The document says nothing about it.")
    st.caption(plain(" · ".join(part for part in (tool.source, tool.position) if part)))


def full_text(tool: Tool) -> str:
    """Summary and description as sentences, the summary not repeated."""
    if not tool.summary or tool.text == tool.description:
        return tool.description
    return f"{tool.summary.rstrip('.')}. {tool.description}".strip()


def parameter_tree(schema: Mapping[str, Any]) -> None:
    """Every parameter on a line, nested ones indented: name, type, whether required, what it is."""
    rows = parameter_rows(schema)
    if not rows:
        st.caption("It takes no parameters.")
        return
    st.dataframe(
        pd.DataFrame(rows, columns=["parameter", "type", "required", "about"]),
        hide_index=True,
        height=min(320, 40 + 35 * len(rows)),
        column_config={
            "parameter": st.column_config.TextColumn("Parameter", width=130),
            "type": st.column_config.TextColumn("Type", width=70),
            "required": st.column_config.CheckboxColumn("Needed", width=62, help="Always required"),
            "about": st.column_config.TextColumn("About"),
        },
    )


def parameter_rows(schema: Mapping[str, Any], depth: int = 0) -> list[tuple[str, str, bool, str]]:
    """(indented name, type, required, description) of each parameter, at most five levels deep."""
    rows: list[tuple[str, str, bool, str]] = []
    needed = set(schema.get("required") or ())
    for name, part in (schema.get("properties") or {}).items():
        part = part if isinstance(part, Mapping) else {}
        rows.append((" " * depth + name, type_words(part), name in needed, clip(part.get("description") or "", 160)))
        inner = part.get("items") if isinstance(part.get("items"), Mapping) else part
        if depth < 4 and isinstance(inner, Mapping):
            rows += parameter_rows(inner, depth + 1)
    return rows


def type_words(schema: Mapping[str, Any]) -> str:
    """`date`, `one of 4`, `list of string`, `object`."""
    if schema.get("enum"):
        return f"one of {len(schema['enum'])}"
    kind = schema.get("format") or schema.get("type") or "any"
    kind = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    items = schema.get("items")
    return f"list of {type_words(items)}" if kind == "array" and isinstance(items, Mapping) else kind


def confusion_tab(catalog: Catalog) -> None:
    """The map, and beside it the clusters and the riskiest pairs."""
    found = services().catalogs.ambiguity(catalog.name)
    st.caption(
        f"{count(len(found.clusters), 'group')} of near-duplicates among {count(len(catalog.tools), 'tool')}. "
        "Dots that lie together read alike; orange ones are easily mistaken for a neighbour."
    )
    left, right = st.columns([5, 4], gap="large")
    with left:
        charts.draw(
            charts.confusion_map(map_frame(catalog)),
            f"map.{catalog.version}",
            "Map of tools; those that read alike lie together",
        )
    with right:
        clusters_and_pairs(catalog, found)


@st.cache_data(show_spinner="Drawing the map …", max_entries=8, hash_funcs={Catalog: lambda catalog: catalog.version})
def map_frame(catalog: Catalog) -> pd.DataFrame:
    """x, y, name, summary, group and cluster (-1 for none) of each tool."""
    found = services().catalogs.ambiguity(catalog.name)
    cluster_of = {name: index for index, cluster in enumerate(found.clusters) for name in cluster.tools}
    names = [tool.name for tool in catalog.tools]
    spots = layout(names, found.nearest)
    return pd.DataFrame(
        {
            "x": spots[:, 0],
            "y": spots[:, 1],
            "name": [tool.original_name for tool in catalog.tools],
            "summary": [clip(tool.summary or tool.description, 90) for tool in catalog.tools],
            "group": [tool.group for tool in catalog.tools],
            "cluster": [cluster_of.get(name, -1) for name in names],
        }
    )


def clusters_and_pairs(catalog: Catalog, found: Any) -> None:
    st.markdown("**Riskiest pairs**")
    st.caption("Close, and at least one of them writes or destroys. Choose one to see the two side by side.")
    pairs = found.riskiest[:40]
    event = st.dataframe(
        pd.DataFrame(
            [(catalog.tool(p.a).original_name, catalog.tool(p.b).original_name, p.closeness, p.risk) for p in pairs],
            columns=["a", "b", "closeness", "risk"],
        ),
        key=f"pairs.{catalog.version}",
        hide_index=True,
        height=200,
        on_select="rerun",
        selection_mode="single-row",
        column_config={
            "a": st.column_config.TextColumn("Tool", width=135),
            "b": st.column_config.TextColumn("Mistaken for", width=135),
            "closeness": st.column_config.NumberColumn("Close", format="%.2f", width=52),
            "risk": st.column_config.NumberColumn("Risk", format="%.2f", width=52),
        },
    )
    rows = event["selection"]["rows"]
    if rows and rows[0] < len(pairs):
        pair = pairs[rows[0]]
        pair_summary(catalog, pair.a, pair.b)
    st.markdown("**Groups**")
    with st.container(height=230):
        for cluster in found.clusters[:60]:
            names = ", ".join(catalog.tool(name).original_name for name in cluster.tools)
            st.markdown(f":orange-badge[{len(cluster.tools)} tools · {cluster.closeness:.2f}] {plain(names, 300)}")


def pair_summary(catalog: Catalog, a: str, b: str) -> None:
    pair = services().catalogs.pair(catalog.name, a, b)
    with st.container(border=True):
        st.markdown(f"**{plain(pair.a.original_name)}** or **{plain(pair.b.original_name)}**?")
        if pair.facet is None:
            st.caption("Nothing that a user could answer tells these two apart.")
        else:
            st.markdown(f"*{plain(pair.facet.question)}*")
            for tool in (pair.a, pair.b):
                st.caption(f"{plain(tool.original_name)}: {plain(pair.facet.answers.get(tool.name, ''))}")


def pair_tab(catalog: Catalog) -> None:
    """Two tools side by side, what differs marked, and the question that separates them."""
    names = [tool.name for tool in catalog.tools]
    if len(names) < 2:
        st.caption("A pair needs two tools.")
        return
    riskiest = services().catalogs.ambiguity(catalog.name).riskiest
    first = (riskiest[0].a, riskiest[0].b) if riskiest else (names[0], names[1])
    left, right = st.columns(2, gap="medium")
    show = lambda name: catalog.tool(name).original_name  # noqa: E731
    a = left.selectbox("One", names, index=names.index(first[0]), key="a", bind="query-params", format_func=show)
    b = right.selectbox("Other", names, index=names.index(first[1]), key="b", bind="query-params", format_func=show)
    if a == b:
        st.caption("Choose two different tools.")
        return
    pair = services().catalogs.pair(catalog.name, a, b)
    with st.container(horizontal=True):
        parts = (
            ("Closeness", pair.closeness.total),
            ("of the text", pair.closeness.text),
            ("of the name", pair.closeness.name),
        )
        for word, value in (*parts, ("of the parameters", pair.closeness.parameters)):
            st.metric(word, f"{value:.2f}", width=150)
    pair_question(pair)
    for column, tool, other in zip(st.columns(2), (pair.a, pair.b), (pair.b, pair.a), strict=True):
        with column.container(border=True, height="stretch"):
            st.markdown(f"{badge_markdown(SIDE_EFFECTS, tool.side_effect)} :gray[{plain(tool.position)}]")
            st.markdown(marked_words(full_text(tool), full_text(other)))
            own = [name for name in tool.properties if name not in other.properties]
            both = [name for name in tool.properties if name in other.properties]
            st.caption("Only here: " + (", ".join(plain(name) for name in own) or "nothing"))
            st.caption("In both: " + (", ".join(plain(name) for name in both) or "nothing"))
            parameter_tree(tool.parameters)


def pair_question(pair: Any) -> None:
    with st.container(border=True):
        if pair.facet is None:
            st.markdown(
                ":material/warning: Nothing that a user could answer tells these two apart: "
                "they are never offered beside each other."
            )
        else:
            answers = " · ".join(
                f"**{plain(t.original_name)}**: {plain(pair.facet.answers.get(t.name, ''))}" for t in (pair.a, pair.b)
            )
            st.markdown(f":material/contact_support: *{plain(pair.facet.question)}*  \n{answers}")


def marked_words(text: str, other: str) -> str:
    """`text` as escaped Markdown, the words that `other` does not have at that place highlighted."""
    mine, theirs = re.findall(r"\S+", text)[:400], re.findall(r"\S+", other)[:400]
    if not mine:
        return ":gray[no text]"
    pieces = []
    for kind, start, end, _, _ in difflib.SequenceMatcher(None, mine, theirs, autojunk=False).get_opcodes():
        words = plain(" ".join(mine[start:end]))
        if words:
            pieces.append(words if kind == "equal" else f":yellow-background[{words}]")
    return " ".join(pieces)


def report_tab(catalog: Catalog, name: str) -> None:
    """What was read and what was not, and the kept versions."""
    if not catalog.skipped:
        st.success(f"All {count(len(catalog.tools), 'operation')} of {name} were read.", icon=":material/check_circle:")
    else:
        st.warning(
            f"{count(len(catalog.skipped), 'operation')} could not be read; the other {len(catalog.tools)} were "
            "imported. Correct these and import again, or leave them out."
        )
        st.dataframe(
            pd.DataFrame([(s.where, s.why) for s in catalog.skipped], columns=["Where", "Why"]), hide_index=True
        )
    st.markdown("**Versions**")
    versions = services().catalogs.versions(catalog.name)
    st.dataframe(
        pd.DataFrame(
            [(v.version, v.tools, v.skipped, v.imported) for v in versions],
            columns=["Version", "Tools", "Skipped", "Imported (UTC)"],
        ),
        hide_index=True,
    )
