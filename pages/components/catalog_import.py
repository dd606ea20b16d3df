"""The import box of the Catalog page: files, a whole folder by drag, or a folder on this machine."""

from __future__ import annotations

from pathlib import Path, PurePosixPath
from typing import Any

import streamlit as st

from diaforge_core.errors import CatalogError
from diaforge_core.services.catalogs import ImportOutcome

from .catalog_state import REPORT, show_tab
from .wiring import acting, services, tell, who
from .wording import count

IMPORTS = "catalog.imports"
"""Session key: how many imports there were; part of the box's keys, so that each starts with an empty one."""
FILES, DRAG, PATH = "Files", "Whole folder", "Folder on this machine"
HINTS = {
    FILES: "Several files become one catalog. Each is recognised by what it holds, not by its name.",
    DRAG: "Every document in the folder becomes part of one catalog; files that are no API document are named.",
    PATH: "Read where it lies, without an upload: for large collections.",
}
READS = (
    "OpenAPI and Swagger (JSON, YAML) · OData `$metadata` (V2, V4) · Google discovery · Postman · "
    "MCP `tools/list` · OpenAI, Anthropic and BFCL tool lists"
)


def import_box(opened: bool) -> None:
    """Bring documents in under a name; one message if they are no catalog, and nothing is stored then."""
    number = st.session_state.get(IMPORTS, 0)
    box = f"catalog.box.{number}"
    with st.expander("Import a catalog", icon=":material/upload_file:", expanded=opened, key=box, on_change="rerun"):
        st.caption(f"Reads {READS}")
        way = st.segmented_control(
            "From", list(HINTS), default=FILES, required=True, key=f"catalog.way.{number}", label_visibility="collapsed"
        )
        # A form is sent as a whole: a name typed while files are on their way cannot be lost to a rerun, and its
        # button waits for them by itself.
        with st.form(f"catalog.form.{number}", enter_to_submit=False, border=False):
            _documents(str(way), number)
            with st.container(horizontal=True, vertical_alignment="bottom"):
                st.text_input(
                    "Name",
                    key=f"catalog.name.{number}",
                    placeholder="as the file or folder",
                    max_chars=64,
                    help="A name that is there already is imported again: you see what changed, and your edits stay.",
                )
                st.form_submit_button(
                    "Import",
                    key="catalog.import",
                    type="primary",
                    icon=":material/download:",
                    **acting(_bring_in, str(way), number),
                )


def _documents(way: str, number: int) -> None:
    """The field for what is to be imported."""
    if way == PATH:
        st.text_input(
            "Folder", key=f"catalog.path.{number}", placeholder="/home/me/apis", help=HINTS[PATH], max_chars=1000
        )
    else:
        several: Any = "directory" if way == DRAG else True
        key = f"catalog.{'folder' if way == DRAG else 'files'}.{number}"
        st.file_uploader(HINTS[way], accept_multiple_files=several, key=key)


def _bring_in(way: str, number: int) -> None:
    """Store what the box holds as a catalog, bring it on screen and empty the box."""
    name = str(st.session_state.get(f"catalog.name.{number}") or "").strip()
    if way == PATH:
        path = str(st.session_state.get(f"catalog.path.{number}") or "").strip()
        if not path:
            raise CatalogError("No folder is named. Write the path of a folder on this machine.")
        made = services().catalogs.add_folder(str(Path(path).expanduser()), name or Path(path).name, who())
    else:
        files = st.session_state.get(f"catalog.{'folder' if way == DRAG else 'files'}.{number}") or []
        if not files:
            raise CatalogError("No file is chosen. Choose or drop the documents first, then import.")
        documents = [(file.name, file.getvalue()) for file in files]
        made = services().catalogs.bring_in(documents, name or suggested_name(documents[0][0]), who=who())
    _imported(made)


def suggested_name(file: str) -> str:
    """A catalog's name from its first file: the outermost folder if it has one, else the file without its endings."""
    path = PurePosixPath(file.replace("\\", "/"))
    return path.parts[0] if len(path.parts) > 1 else path.name.split(".")[0] or "catalog"


def _imported(made: ImportOutcome) -> None:
    """Say what the import brought; what needs a look opens the report."""
    catalog = made.catalog
    skipped = f"; {count(len(catalog.faults), 'operation')} skipped, see the import report" if catalog.faults else ""
    news = f" {made.note.capitalize()}." if made.difference is not None else ""
    tell(f"Imported {catalog.name}: {count(len(catalog.tools), 'tool')}{skipped}.{news}")
    for key in ("q", "effect", "part", "show", "page", "tool", "a", "b", "near", "at"):
        st.session_state.pop(key, None)
        st.query_params.pop(key, None)
    st.session_state["catalog"] = catalog.name
    if made.difference or made.lost or catalog.faults:
        show_tab(REPORT)
    st.session_state[IMPORTS] = st.session_state.get(IMPORTS, 0) + 1
