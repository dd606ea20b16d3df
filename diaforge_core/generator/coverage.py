"""Which parts of a catalog a dataset covers: goal tools by cluster and tier, target against produced (PRODUCT P17)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..catalog.ambiguity import ambiguity
from ..conversation.scenarios import DEFAULT_MIX
from ..records.dialogue import Dialogue
from ..records.scenario import TIERS, Tier
from ..records.tool import Catalog

ALONE = "tools without a near-duplicate"


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """One cell of the grid."""

    cluster: str
    """Name of a cluster: its first tool and how many more, or `ALONE`."""
    tools: tuple[str, ...]
    tier: Tier
    target: int
    """Dialogues that an even draw of the same number would give."""
    produced: int


def coverage(
    dialogues: Sequence[Dialogue], catalog: Catalog, mix: Mapping[Tier, float] | None = None
) -> tuple[CoverageRow, ...]:
    """One row for each cluster of near-duplicates and each tier, clusters in the catalog's order, easiest tier first.

    Targets share the number of dialogues out by the mix and by how many tools a cluster holds; they sum to it but for
    rounding.
    """
    groups = _clusters(catalog)
    cluster_of = {name: cluster for cluster, names in groups.items() for name in names}
    produced = Counter((cluster_of.get(d.scenario.goal_tool, ALONE), d.scenario.tier) for d in dialogues)
    shares = mix or DEFAULT_MIX
    total = sum(shares.values()) or 1.0
    return tuple(
        CoverageRow(
            cluster=cluster,
            tools=names,
            tier=tier,
            target=round(len(dialogues) * shares.get(tier, 0.0) / total * len(names) / len(catalog.tools)),
            produced=produced[cluster, tier],
        )
        for cluster, names in groups.items()
        for tier in TIERS
    )


def _clusters(catalog: Catalog) -> dict[str, tuple[str, ...]]:
    """Name of cluster → names of its tools; every tool of the catalog is in one."""
    groups: dict[str, tuple[str, ...]] = {}
    for cluster in ambiguity(catalog).clusters:
        first, *others = cluster.tools
        groups[f"{first} + {len(others)}"] = tuple(cluster.tools)
    clustered = {name for names in groups.values() for name in names}
    alone = tuple(tool.name for tool in catalog.tools if tool.name not in clustered)
    return groups | ({ALONE: alone} if alone else {})
