"""The confusion map: true near-duplicates together, no giant cluster, the riskiest pairs first."""

from __future__ import annotations

import pytest

from diaforge_core.catalog.ambiguity import FLOOR, MAX_CLUSTER, Ambiguity, ambiguity, risk
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.catalog.neighbours import closeness
from diaforge_core.records.tool import Catalog
from tests.factories import a_catalog, a_tool


@pytest.fixture(scope="module")
def sample() -> Catalog:
    return load_catalog("enterprise_apis.json")


@pytest.fixture(scope="module")
def found(sample: Catalog) -> Ambiguity:
    return ambiguity(sample)


def test_known_near_duplicates_share_a_cluster(found: Ambiguity):
    clusters = [set(cluster.tools) for cluster in found.clusters]
    for pair in (
        {"IAM_ListScopedRoles", "IAM_ListGlobalRoles"},
        {"HR_RequestLeave", "HR_RequestUnpaidLeave"},
        {"Finance_ClosePeriod", "Finance_ReopenPeriod"},
    ):
        assert any(pair <= cluster for cluster in clusters)


def test_clusters_are_disjoint_close_and_small(sample: Catalog, found: Ambiguity):
    names = [name for cluster in found.clusters for name in cluster.tools]
    assert len(names) == len(set(names))
    place = {tool.name: index for index, tool in enumerate(sample.tools)}
    table = closeness(sample.tools)
    for cluster in found.clusters:
        rows = [place[name] for name in cluster.tools]
        inner = [float(table[a, b]) for a in rows for b in rows if a < b]
        assert 2 <= len(rows) <= MAX_CLUSTER
        assert sum(inner) / len(inner) >= FLOOR - 1e-3
    assert [cluster.closeness for cluster in found.clusters] == sorted(
        (cluster.closeness for cluster in found.clusters), reverse=True
    )


def test_tools_that_are_all_alike_do_not_become_one_giant_cluster():
    many = [a_tool(f"Fetch{i}", original_name="FetchThing", summary="Fetch a thing") for i in range(60)]
    sizes = [len(cluster.tools) for cluster in ambiguity(a_catalog(*many)).clusters]
    assert max(sizes) <= MAX_CLUSTER
    assert sum(sizes) > 40


def test_a_catalog_without_near_duplicates_has_no_clusters():
    one, other = a_tool("BookRoom", summary="Book a meeting room"), a_tool("PayTax", summary="Send the yearly return")
    found = ambiguity(a_catalog(one, other))
    assert found.clusters == found.riskiest == ()
    assert found.nearest["BookRoom"][0][0] == "PayTax"


def test_a_mix_up_that_destroys_is_riskier_than_one_that_reads():
    reads, writes, destroys = (a_tool(kind, side_effect=kind) for kind in ("read", "write", "destructive"))
    assert risk(reads, reads, 0.9) < risk(writes, writes, 0.9) < risk(destroys, destroys, 0.9)
    assert risk(writes, destroys, 0.8) > risk(destroys, destroys, 0.8)
    assert risk(destroys, writes, 1.0) == 1


def test_the_riskiest_pairs_come_first_each_once(found: Ambiguity):
    risks = [pair.risk for pair in found.riskiest]
    assert risks == sorted(risks, reverse=True)
    assert len({(pair.a, pair.b) for pair in found.riskiest}) == len(found.riskiest)
    assert all(pair.a < pair.b and pair.closeness >= FLOOR for pair in found.riskiest)


def test_the_map_does_not_depend_on_the_order_of_tools(sample: Catalog, found: Ambiguity):
    turned = ambiguity(Catalog(name="turned", tools=sample.tools[::-1]))
    assert {cluster.tools for cluster in turned.clusters} == {cluster.tools for cluster in found.clusters}
