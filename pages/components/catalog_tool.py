"""One tool in full: what its document says, what is suspicious in it, what it is mistaken for, and its edits."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Catalog, Tool

from .background import ready
from .catalog_schema import full_text, parameter_tree, schema_json
from .catalog_state import LARGE, chosen_row, editing, labels, show_pair
from .palette import SIDE_EFFECTS, badge_markdown
from .wiring import acting, services, tell, who
from .wording import clip, plain


def tool_detail(catalog: Catalog, tool: Tool, near: Sequence[tuple[str, float]] | None) -> None:
    """What the document says of a tool, its parameters as a tree, its nearest neighbours (None: not known yet)."""
    with st.container(border=True):
        tool_head(tool)
        flags(catalog, tool)
        st.markdown("**Parameters**")
        parameter_tree(tool.parameters, f"tree.{catalog.version}.{tool.name}", height=250)
        st.markdown("**Easily mistaken for**")
        neighbours(catalog, tool, near)
        with st.container(horizontal=True):
            _edit(catalog, tool)
            schema_json(tool, f"schema.{catalog.version}.{tool.name}")
            _leave_out(catalog, tool)


def tool_head(tool: Tool) -> None:
    """Name, side effect with its reason, text and source of a tool."""
    st.markdown(f"##### {plain(tool.original_name)}")
    old = " :orange-badge[:material/history: deprecated]" if tool.deprecated else ""
    st.markdown(f"{badge_markdown(SIDE_EFFECTS, tool.side_effect)}{old} :gray[{plain(tool.group)}]")
    st.caption(plain(tool.side_effect_reason))
    text = full_text(tool)
    if len(text) > 700:
        with st.container(height=180, border=False):
            st.text(text)
    else:
        st.text(text or "The document says nothing about it.")
    st.caption(" · ".join(plain(part) for part in (tool.source, tool.position) if part))
    if tool.name != tool.original_name:
        st.caption(f"Models see it as {plain(tool.name)}")


def flags(catalog: Catalog, tool: Tool) -> None:
    """What in the tool's text a person should look at before a model does, hidden characters written out."""
    found = services().catalogs.suspicions(catalog.name) if len(catalog.tools) < LARGE else _flags_when_ready(catalog)
    for each in (found or {}).get(tool.name, ())[:6]:
        with st.container(border=True):
            st.markdown(f":red-badge[:material/flag: {plain(each.kind)}] in {plain(each.where)}: {plain(each.why)}")
            st.code(clip(each.excerpt, 400), language=None, wrap_lines=True)


def _flags_when_ready(catalog: Catalog) -> dict:
    catalogs = services().catalogs
    return ready(("suspicions", catalog.version), lambda: catalogs.suspicions(catalog.name)) or {}


def neighbours(catalog: Catalog, tool: Tool, near: Sequence[tuple[str, float]] | None) -> None:
    """The nearest tools with bars; one that is chosen is brought beside this one."""
    if not near:
        st.caption("Still being found." if near is None else "There is no other tool.")
        return
    key = f"near.{catalog.version}.{tool.name}"
    st.dataframe(
        pd.DataFrame(
            {
                "name": [labels(catalog)[name] for name, _ in near],
                "closeness": [value for _, value in near],
            }
        ),
        key=key,
        hide_index=True,
        height=37 + 33 * len(near),
        selection_mode="single-row",
        on_select=lambda: _beside(key, tool, near),
        alt="The nearest tools and how close each is",
        column_config={
            "name": st.column_config.TextColumn("Choose one to compare", width=170),
            "closeness": st.column_config.ProgressColumn("Close", width=105, min_value=0, max_value=1, format="%.2f"),
        },
    )


def _beside(key: str, tool: Tool, near: Sequence[tuple[str, float]]) -> None:
    row = chosen_row(key)
    if row is not None:
        show_pair(tool.name, near[row][0])


def _edit(catalog: Catalog, tool: Tool) -> None:
    """A button that opens the form in which a tool's words and side effect are put right."""
    own = f"{catalog.version}.{tool.name}"
    with (
        st.popover("Edit", icon=":material/edit:", key=f"edit.{own}"),
        st.form(f"edit.form.{own}", border=False, enter_to_submit=False),
    ):
        st.text_input("Summary", tool.summary, key=f"edit.summary.{own}")
        st.text_area("Description", tool.description, key=f"edit.description.{own}", height=200)
        st.segmented_control(
            "Side effect",
            list(SIDE_EFFECTS),
            default=tool.side_effect,
            required=True,
            key=f"edit.effect.{own}",
            format_func=lambda v: SIDE_EFFECTS[v].word,
            help=plain(tool.side_effect_reason) or None,
        )
        st.caption("An edit is a new version; the import stays as it was, and every edit can be undone.")
        st.form_submit_button("Save", type="primary", key=f"edit.save.{own}", **acting(_save, catalog, tool, own))


def _save(catalog: Catalog, tool: Tool, own: str) -> None:
    """Store what the form says otherwise; each of the two kinds of edit is its own version."""
    state, catalogs = st.session_state, services().catalogs
    summary, description = state[f"edit.summary.{own}"], state[f"edit.description.{own}"]
    done = []
    if (summary, description) != (tool.summary, tool.description):
        catalogs.reword(catalog.name, tool.name, summary, description, who=who(), on=catalog.version)
        done.append("words")
    if (effect := state[f"edit.effect.{own}"]) != tool.side_effect:
        catalogs.set_side_effect(catalog.name, tool.name, effect, who=who())
        done.append("side effect")
    tell(f"Saved the {' and the '.join(done)} of {tool.original_name}." if done else "Nothing was changed.")


def _leave_out(catalog: Catalog, tool: Tool) -> None:
    catalogs = services().catalogs
    st.button(
        "Leave out",
        icon=":material/block:",
        key=f"leave.{catalog.version}.{tool.name}",
        help="The tool is no longer part of this catalog; undo brings it back.",
        **editing(
            catalog,
            catalogs.leave_out,
            [tool.name],
            say=f"Left out {tool.original_name}. Undo stands at the top.",
            on=catalog.version,
        ),
    )
