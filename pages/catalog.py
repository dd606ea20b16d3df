"""Catalog: what do we have, and what gets confused?"""

from __future__ import annotations

import streamlit as st

from pages.components.catalog_history import history_tab
from pages.components.catalog_import import READS, import_box
from pages.components.catalog_map import map_tab
from pages.components.catalog_pair import pair_tab
from pages.components.catalog_report import report_tab
from pages.components.catalog_state import TABS, last_change
from pages.components.catalog_tools import tools_tab
from pages.components.wiring import page, pick, services
from pages.components.wording import ago, exact

DRAWN = (tools_tab, map_tab, pair_tab, report_tab, history_tab)
"""What fills each of TABS."""

with page("Catalog", "What do we have, and what gets confused?"):
    known = services().catalogs.names()
    import_box(opened=not known)
    if not known:
        st.info(
            "Once a catalog is imported, you see here its tools, a map of those that a model will confuse, the "
            f"riskiest pairs and what would separate them. It may be {READS}.",
            icon=":material/hub:",
        )
        st.stop()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = pick("Catalog", [info.name for info in known], "catalog", width=320)
        info = next(info for info in known if info.name == name)
        skipped = f" · {info.skipped:,} skipped" if info.skipped else ""
        edited = " · edited" if info.edited else ""
        st.caption(
            f"{info.tools:,} tools{skipped} · version {info.version[:8]}{edited} · imported {ago(info.imported)}",
            help=exact(info.imported),
        )
    last_change(name)
    catalog = services().catalogs.get(name)
    for tab, draw in zip(st.tabs(TABS, key="view", on_change="rerun", bind="query-params"), DRAWN, strict=True):
        if tab.open:
            with tab:
                draw(catalog)
