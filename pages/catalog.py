"""Catalog: what do we have, and what gets confused?"""

from __future__ import annotations

import streamlit as st

from pages.components import catalog_view as view
from pages.components.wiring import acting, page, pick, services, tell
from pages.components.wording import ago, count, exact, plain

IMPORTS = "catalog.imports"
"""Session key: how many imports there were; part of the box's keys, so that each starts with an empty one."""


def import_box(opened: bool) -> None:
    """Upload documents under a name; one message if they are no catalog, and nothing is stored then."""
    box = f"catalog.box.{st.session_state.get(IMPORTS, 0)}"
    with st.expander("Import a catalog", icon=":material/upload_file:", expanded=opened, key=box, on_change="rerun"):
        files = st.file_uploader(
            "OpenAPI or Swagger (JSON, YAML), an OpenAI tools list, or an MCP tools/list answer",
            accept_multiple_files=True,
            key=f"catalog.files.{st.session_state.get(IMPORTS, 0)}",
        )
        with st.container(horizontal=True, vertical_alignment="bottom"):
            name = st.text_input(
                "Name", key=f"catalog.name.{st.session_state.get(IMPORTS, 0)}", placeholder="crm", max_chars=64
            )
            documents = [(file.name, file.getvalue()) for file in files]
            st.button(
                "Import",
                key="catalog.import",
                type="primary",
                disabled=not (documents and name.strip()),
                **acting(bring_in, documents, name),
            )


def bring_in(documents: list[tuple[str, bytes]], name: str) -> None:
    """Store the documents as a catalog, bring it on screen and empty the box."""
    made = services().catalogs.add(documents, name)
    skipped = f"; {count(len(made.skipped), 'operation')} skipped, see the import report" if made.skipped else ""
    tell(f"Imported {made.name}: {count(len(made.tools), 'tool')}{skipped}.")
    st.session_state["catalog"] = made.name
    st.session_state[IMPORTS] = st.session_state.get(IMPORTS, 0) + 1


with page("Catalog", "What do we have, and what gets confused?"):
    known = services().catalogs.names()
    import_box(opened=not known)
    if not known:
        st.info("Tools, their near-duplicates and the riskiest pairs are shown here once a catalog is imported.")
        st.stop()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick("Catalog", [info.name for info in known], "catalog", width=320)
        info = next(info for info in known if info.name == name)
        skipped = f" · {info.skipped} skipped" if info.skipped else ""
        versions = f" · {info.versions} versions" if info.versions > 1 else ""
        st.caption(
            f"{info.tools:,} tools{skipped} · version {info.version[:8]}{versions} · imported {ago(info.imported)}",
            help=exact(info.imported),
        )
    tools, confusion, pair, report = st.tabs(
        ["Tools", "Confusion map", "Pair", "Import report"], key="view", on_change="rerun", bind="query-params"
    )
    catalog = services().catalogs.get(name)
    if tools.open:
        with tools:
            view.tools_tab(catalog)
    if confusion.open:
        with confusion:
            view.confusion_tab(catalog)
    if pair.open:
        with pair:
            view.pair_tab(catalog)
    if report.open:
        with report:
            view.report_tab(catalog, plain(name))
