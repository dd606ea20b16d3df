"""Import and map real OpenAPI documents, against the ten seconds an analyst would wait."""

from __future__ import annotations

import time
from pathlib import Path

from benchmarks.timing import report
from diaforge_core.catalog.importing import import_catalog
from diaforge_core.catalog.neighbours import nearest
from diaforge_core.settings import DATA_DIR

TWILIO = Path(__file__).parents[2] / "shared" / "catalogs" / "twilio"


def main() -> None:
    """Print seconds for reading all documents and for the nearest five of every tool."""
    documents = sorted(TWILIO.glob("*.json")) or [DATA_DIR / "enterprise_openapi.json"]
    start = time.perf_counter()
    catalog = import_catalog(documents, "benchmark")
    read = time.perf_counter()
    nearest(catalog, 5)
    done = time.perf_counter()
    print(f"{len(documents)} documents, {len(catalog.tools)} tools, {len(catalog.skipped)} skipped")
    report("import", read - start, "s", 10, at_most=True)
    report("nearest five of every tool", done - read, "s", 10, at_most=True)
