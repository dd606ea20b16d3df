"""The documents that benchmarks read, where this machine has them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from diaforge_core.catalog.importing import import_catalog
from diaforge_core.records.tool import Catalog
from diaforge_core.settings import DATA_DIR

CATALOGS = Path(__file__).parents[2] / "shared" / "catalogs"
MISSING = (
    "The google documents are not here: run `make bench`, or `pip install --no-deps -r requirements-bench.txt`. "
    "Nothing was measured."
)


def google_documents() -> list[Path]:
    """The discovery documents inside the package google-api-python-client; none where it is not installed."""
    spec = importlib.util.find_spec("googleapiclient")
    folders = [Path(folder) for folder in (spec.submodule_search_locations or ())] if spec else []
    found = (folder / "discovery_cache" / "documents" for folder in folders)
    return sorted(path for folder in found for path in folder.glob("*.json") if path.name != "index.json")


def google_catalog() -> Catalog | None:
    """All google methods; None, said in print, where they are not here."""
    documents = google_documents()
    if not documents:
        print(MISSING)
        return None
    catalog = import_catalog(documents, "google")
    print(f"{len(documents)} documents, {len(catalog.tools):,} tools, {len(catalog.skipped)} skipped")
    return catalog


def twilio_documents() -> list[Path]:
    """The OpenAPI documents of twilio, or the sample's where those are not here."""
    return sorted((CATALOGS / "twilio").glob("*.json")) or [DATA_DIR / "enterprise_openapi.json"]
