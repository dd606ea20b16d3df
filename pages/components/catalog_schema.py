"""What a tool says and takes, drawn for people."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from diaforge_core.records.tool import Tool

from .wording import clip, visible

DEEPEST = 4
"""Levels of a schema below its parameters that are listed; the rest stands in the schema as JSON."""
MOST_ROWS = 400
"""Parameters that are listed; deeper ones of a huge schema are left to its JSON."""


def full_text(tool: Tool) -> str:
    """Summary and description as sentences, the summary not repeated; nothing invisible in it."""
    if not tool.summary or tool.text == tool.description:
        return visible(tool.description)
    return visible(f"{tool.summary.rstrip('.')}. {tool.description}".strip())


def parameter_tree(schema: Mapping[str, Any], key: str, height: int = 320) -> None:
    """Every parameter on a line, nested ones indented: name, type, whether required, what it is."""
    rows = parameter_rows(schema)[:MOST_ROWS]
    if not rows:
        st.caption("It takes no parameters.")
        return
    st.dataframe(
        pd.DataFrame(rows, columns=["parameter", "type", "required", "about"]),
        key=key,
        hide_index=True,
        height=min(height, 37 + 33 * len(rows)),
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
        shown = " " * depth + clip(name, 80)
        rows.append((shown, type_words(part), name in needed, clip(part.get("description") or "", 160)))
        inner = part.get("items") if isinstance(part.get("items"), Mapping) else part
        if depth < DEEPEST and isinstance(inner, Mapping) and len(rows) < MOST_ROWS:
            rows += parameter_rows(inner, depth + 1)
    return rows


def type_words(schema: Mapping[str, Any]) -> str:
    """`date`, `one of 4`, `list of string`, `object`."""
    if schema.get("enum"):
        return f"one of {len(schema['enum'])}"
    kind = schema.get("format") or schema.get("type") or "any"
    kind = " or ".join(map(str, kind)) if isinstance(kind, list) else str(kind)
    items = schema.get("items")
    return f"list of {type_words(items)}" if kind == "array" and isinstance(items, Mapping) else clip(kind, 40)


def schema_json(tool: Tool, key: str) -> None:
    """A button that opens the schema as it is given to models."""
    with st.popover("Schema as JSON", icon=":material/data_object:", key=key):
        st.code(json.dumps(tool.parameters, indent=2, ensure_ascii=True), language="json", height=380)
