"""What made a dataset: enough to make it again, or to see why another one differs."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from ..conversation.prompts import RENDERING
from ..records.base import Record
from ..settings import DATA_DIR

_CODE = Path(__file__).resolve().parents[1] / "conversation"
_HEX = 12
"""Hex digits of a hash that are kept: enough to tell any two versions apart."""
_PARTS: dict[str, tuple[tuple[Path, str], ...]] = {
    "prompts": (
        (_CODE, "prompts*.py"),
        (_CODE, "model_user*.py"),
        (_CODE, "critic*.py"),
        (_CODE, "worded*.py"),
    ),
    "wording": ((DATA_DIR, "wording/*/*.yaml"), (DATA_DIR, "personas.yaml")),
    "verifiers": (
        (_CODE, "verifiers/*.py"),
        (_CODE, "labels.py"),
        (_CODE, "named_choices.py"),
        (_CODE, "reading.py"),
        (_CODE, "sentences.py"),
        (_CODE, "stated_values.py"),
        (_CODE, "understanding.py"),
        (_CODE, "whereabouts.py"),
        (_CODE, "spoken_values.py"),
    ),
}
"""What decides over the words of a dialogue and over its verdicts; one change in a file is another version."""


class Versions(Record):
    """Which programs and texts were at work."""

    diaforge: str
    rendering: str = RENDERING
    """Name and version of the form in which tools and turns are shown to models."""
    prompts: dict[str, str]
    """File → hash of its text."""
    wording: dict[str, str]
    """Phrasing bank or list of personas → hash of its text."""
    verifiers: dict[str, str]
    """Module of the cascade, or one that it reads with → hash of its text."""


class RunIdentity(Record):
    """One run that made dialogues of a dataset."""

    run: str
    started: str
    """UTC, ISO 8601."""
    state: str
    seed: int
    scenarios: int
    """Asked for."""
    agents: dict[str, str]
    """Side → model spec; `user` is the embedded one where it is not named."""
    recipe: dict[str, Any]
    versions: Versions | None = None
    """None for a run of a version that did not note them."""


class DatasetIdentity(Record):
    """All that says where a dataset comes from."""

    dataset: str
    parent: str = ""
    """The dataset that it was split from; empty if none."""
    catalogs: dict[str, str]
    """Version of a catalog → its name."""
    counts: dict[str, int]
    tiers: dict[str, int]
    """Kept dialogues of each tier."""
    assistants: dict[str, int]
    """Spec of the teacher → kept dialogues whose assistant side it wrote."""
    reviewers: dict[str, dict[str, int]]
    """Who decided → what → dialogues of the dataset on which that stands."""
    runs: tuple[RunIdentity, ...]
    without_run: int = 0
    """Dialogues that no run here made: loaded from a file, or from a run that is gone."""
    written_by: Versions
    """What wrote this card, and would verify an edit now."""


@lru_cache(maxsize=1)
def versions() -> Versions:
    """The versions at work in this process."""
    return Versions(
        diaforge=_own_version(),
        prompts=_hashes(_PARTS["prompts"]),
        wording=_hashes(_PARTS["wording"]),
        verifiers=_hashes(_PARTS["verifiers"]),
    )


def as_markdown(identity: DatasetIdentity, *, with_versions: bool = True) -> str:
    """The identity as a card that people read; by choice without the versions that were at work."""
    lines = [f"# Dataset {inline_text(identity.dataset)}", ""]
    if identity.parent:
        lines += [f"Split from {inline_text(identity.parent)}.", ""]
    lines += table_lines("Counts", identity.counts)
    lines += table_lines("Tiers", identity.tiers)
    lines += table_lines("Catalog versions", identity.catalogs)
    lines += table_lines("Who wrote the assistant's side", identity.assistants)
    lines += table_lines("Who reviewed", {who: _counted(done) for who, done in identity.reviewers.items()})
    known: list[Versions] = []
    for found in (*(run.versions for run in identity.runs), identity.written_by):
        known += [found] if found is not None and found not in known else []
    for run in identity.runs:
        lines += _run_lines(run, known if with_versions else ())
    if identity.without_run:
        lines += [f"Made by no run that is here (loaded from a file): {identity.without_run}.", ""]
    if with_versions:
        lines += [f"This description was written with versions {known.index(identity.written_by) + 1}.", ""]
        for place, found in enumerate(known, 1):
            lines += _version_lines(place, found, known[0])
    return "\n".join(lines).rstrip() + "\n"


def _counted(done: Mapping[str, int]) -> str:
    return ", ".join(f"{kind} {count}" for kind, count in done.items())


def _run_lines(run: RunIdentity, known: Sequence[Versions]) -> list[str]:
    at_work = {"versions": known.index(run.versions) + 1 if run.versions else "not noted"} if known else {}
    facts = {"started": run.started, "state": run.state, "seed": run.seed, "scenarios": run.scenarios}
    sides = {f"{side} side": spec for side, spec in run.agents.items()}
    return table_lines(f"Run {inline_text(run.run)}", facts | sides | at_work)


def _version_lines(place: int, found: Versions, first: Versions) -> list[str]:
    """The versions; of further ones only what is not as in the first."""
    facts, before = _version_facts(found), _version_facts(first)
    if place == 1:
        return table_lines("Versions 1", facts)
    other = {name: facts.get(name, "not there") for name in before | facts if facts.get(name) != before.get(name)}
    return table_lines(f"Versions {place}, but for what is as in versions 1", other)


def _version_facts(found: Versions) -> dict[str, str]:
    facts = {"DiaForge": found.diaforge, "rendering of tools and turns": found.rendering}
    return facts | found.prompts | found.wording | found.verifiers


def table_lines(title: str, facts: Mapping[str, Any]) -> list[str]:
    """The lines of a section with one table of two columns; none without facts."""
    rows = [f"| {inline_text(name)} | {inline_text(value)} |" for name, value in facts.items()]
    return [f"## {title}", "", "| | |", "|---|---|", *rows, ""] if rows else []


def inline_text(value: Any) -> str:
    """A value inside a line or a table's cell: one line, no markup of its own."""
    text = " ".join(str(value).split())
    return "".join(f"\\{char}" if char in "\\`*_[]<>|#!" else char for char in text)


def _hashes(places: Sequence[tuple[Path, str]]) -> dict[str, str]:
    """File, as seen from its root → hash of its text with plain line ends, so that a checkout changes nothing."""
    files = sorted({(root, path) for root, pattern in places for path in root.glob(pattern) if path.is_file()})
    return {
        path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes().replace(b"\r\n", b"\n")).hexdigest()[:_HEX]
        for root, path in files
    }


def _own_version() -> str:
    with (DATA_DIR.parent / "pyproject.toml").open("rb") as file:
        return str(tomllib.load(file)["project"]["version"])
