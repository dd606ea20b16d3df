"""Findings of large catalogs: worked out in another process, read back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.catalog.ambiguity import NEAREST, ambiguity
from diaforge_core.catalog.duplicates import duplicate_groups
from diaforge_core.catalog.neighbours import mine
from diaforge_core.catalog.vector_cache import VectorCache
from diaforge_core.records.tool import Catalog
from diaforge_core.services.findings import AMBIGUITY, DUPLICATES, Findings

from .factories import a_catalog, a_tool


@pytest.fixture
def catalog() -> Catalog:
    names = ("list_orders", "list_order_lines", "delete_order", "delete_orders", "send_invoice")
    return a_catalog(*(a_tool(name) for name in names), name="shop")


def test_another_process_finds_what_this_one_would(tmp_path: Path, catalog: Catalog) -> None:
    findings = Findings(tmp_path)
    assert findings.of(AMBIGUITY, catalog) == ambiguity(catalog)
    assert findings.of(DUPLICATES, catalog) == duplicate_groups(catalog.tools)


def test_what_was_mined_is_read_back(tmp_path: Path, catalog: Catalog) -> None:
    findings, vectors = Findings(tmp_path), VectorCache(tmp_path)
    assert findings.mined(catalog, vectors) is None
    findings.keep_mined(catalog.version, mine(catalog.tools, NEAREST))
    held = findings.mined(catalog, vectors)
    assert held is not None
    assert ambiguity(catalog, mined=held) == ambiguity(catalog)


def test_a_damaged_file_is_made_again(tmp_path: Path, catalog: Catalog) -> None:
    findings = Findings(tmp_path)
    findings.of(DUPLICATES, catalog)
    (file,) = tmp_path.glob("found-duplicates-*.json")
    file.write_bytes(b"[")
    assert findings.of(DUPLICATES, catalog) == duplicate_groups(catalog.tools)


def test_a_finding_that_fails_says_why(tmp_path: Path, catalog: Catalog) -> None:
    with pytest.raises(RuntimeError, match="failed"):
        Findings(tmp_path)._work_out("weather", catalog)
