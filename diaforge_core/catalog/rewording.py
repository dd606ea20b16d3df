"""What would separate two tools: an edit of one tool's text, made of its document's own facts, measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from ..records.tool import Catalog, Tool
from .closeness import Closeness
from .distinctions import Distinction, distinctions, says_no_more, sentences
from .facets import indistinguishable
from .neighbours import closeness, pair_closeness

Near = Mapping[str, Sequence[tuple[str, float]]]
"""Tool name → its nearest others with their closeness, nearest first."""
LEAST_DROP = 0.02
"""A rewording that brings less is not worth a person's time."""
WORTH = 0.004
"""What each further sentence must bring, or the text only grows."""
MOST_SENTENCES = 3
LONG = 800
"""Characters from which on a text's end may not be read; what is new then stands first."""
THIRDS = 12
"""How many of a tool's nearest others are watched, so that the edit does not drive it towards one of them."""
MOST_NEARER = 0.04
"""An edit that brings the tool closer than this to a third one only moves the confusion elsewhere."""
TOUCHED = 0.005
"""A third tool that comes closer by more than this is named."""

_TAIL = re.compile(r" (?:from|of|in|to|for|with|on|by) ")


@dataclass(frozen=True, slots=True)
class Rewording:
    """A suggested text of one tool and what it brings."""

    tool: str
    summary: str
    description: str
    before: float
    """Closeness of the two tools as they stand."""
    after: float
    """Closeness with the edited tool, measured."""
    why: str
    """One sentence: what the edit makes plain, and which third tool it comes closer to, if any."""


def suggest(catalog: Catalog, a: str, b: str, near: Near = MappingProxyType({})) -> tuple[Rewording, ...]:
    """For each of the two tools (cleaned or original names) the edit that tells it best from the other, best first.

    Every sentence is made of facts of the document. A tool is left out where no edit lowers the closeness by 0.02
    beyond what it adds towards a third tool; both are where no question that a user can answer separates them.
    `near` holds the nearest tools where they are known already: without it the whole catalog is measured. CatalogError
    for an unknown name.
    """
    one, other = catalog.subset([a, b])
    if one.name == other.name or indistinguishable(one, other):
        return ()
    found = [_best(catalog, tool, beside, near) for tool, beside in ((one, other), (other, one))]
    return tuple(sorted((edit for edit in found if edit), key=lambda edit: (edit.after, edit.tool)))


@dataclass(frozen=True, slots=True)
class _Draft:
    """A tool as edited, what the edit says, and how close it stands to the other tool and to the third ones."""

    tool: Tool
    said: tuple[Distinction, ...]
    after: float
    nearer: float
    """How much closer it comes to the third tool that gains most; 0 if none does."""
    towards: str

    @property
    def score(self) -> float:
        """The closeness that is left, what is added towards a third tool included; the lower the better."""
        return round(self.after + self.nearer if self.nearer <= MOST_NEARER else 1.0, 4)


class _Bench:
    """One tool between the other and its nearest third tools: edits are written and measured here."""

    def __init__(self, tool: Tool, other: Tool, near: Sequence[Tool]) -> None:
        self.tool, self.other = tool, other
        self.thirds = tuple(third for third in near if third.name != other.name)
        self.before = pair_closeness(tool, other).total
        (row,) = self._rows([tool])
        self._stood = row[1:]

    def drafts(self, all_said: Sequence[tuple[Distinction, ...]]) -> list[_Draft]:
        """For each of these choices the tool that says them, measured."""
        edited = [_written(self.tool, said) for said in all_said]
        return [
            self._draft(tool, said, row)
            for tool, said, row in zip(edited, all_said, self._rows(edited) if edited else (), strict=True)
        ]

    def _draft(self, edited: Tool, said: tuple[Distinction, ...], row: NDArray[np.float32]) -> _Draft:
        gains = row[1:] - self._stood
        place = int(np.argmax(gains)) if len(gains) else -1
        nearer = max(0.0, float(gains[place])) if len(gains) else 0.0
        return _Draft(edited, said, round(float(row[0]), 4), nearer, self.thirds[place].name if nearer else "")

    def best(self) -> _Draft:
        """The draft that adds what lowers the closeness most, one sentence after the other, while each is worth it.

        What is so of many tools is said only where the rest would not do.
        """
        known = distinctions(self.tool, self.other)
        best = self._grown([one for one in known if not one.weak])
        return best if self.before - best.score >= LEAST_DROP else self._grown(known)

    def _grown(self, known: Sequence[Distinction]) -> _Draft:
        (best,) = self.drafts([()])
        while len(best.said) < MOST_SENTENCES:
            said = best.said
            wider = [tuple(one for one in known if one in said or one is new) for new in known if new not in said]
            better = min(self.drafts(wider), key=lambda draft: draft.score, default=best)
            if better.score > best.score - WORTH:
                break
            best = better
        return best

    def _rows(self, edited: Sequence[Tool]) -> NDArray[np.float32]:
        """The closeness of each edited tool to the other and to each third tool."""
        return closeness((*edited, self.other, *self.thirds))[: len(edited), len(edited) :]


def _best(catalog: Catalog, tool: Tool, other: Tool, near: Near) -> Rewording | None:
    """The best edit of `tool`; None when none is worth it."""
    bench = _Bench(tool, other, _nearest(catalog, tool, near))
    best = bench.best()
    if not best.said or bench.before - best.score < LEAST_DROP:
        return None
    after = pair_closeness(best.tool, other).total
    return Rewording(tool.name, best.tool.summary, best.tool.description, bench.before, after, _why(best))


def _written(tool: Tool, said: Sequence[Distinction]) -> Tool:
    """The tool that says these things and then what it said before.

    What a summary can say at its end, it says; a description that starts by repeating the summary goes on doing so.
    """
    tailed = next((one for one in said if one.tail and tool.summary and "(" not in tool.summary), None)
    summary = _with_tail(tool.summary, tailed.tail) if tailed else tool.summary
    own, rest = sentences(tool.description), [one for one in said if one is not tailed]
    if says_no_more(tool):
        own = [f"{summary.rstrip('. ')}.", *own[1:]]
    first = [one.sentence for one in rest if one.leads or len(tool.text) > LONG]
    last = [one.sentence for one in rest if one.sentence not in first]
    if own and last and own[-1][-1].isalnum():
        own = [*own[:-1], f"{own[-1]}."]
    told = [*first, *own, *last]
    return Tool.model_validate(tool.model_dump() | {"summary": summary, "description": " ".join(told)})


def _with_tail(summary: str, tail: str) -> str:
    """ "Delete a service" → "Delete a service in Proxy"; in brackets where the summary has such a tail already."""
    stop = "." if summary.endswith(".") else ""
    bare = summary.rstrip(". ")
    return f"{bare} ({tail}){stop}" if _TAIL.search(bare) else f"{bare} {tail}{stop}"


def _why(draft: _Draft) -> str:
    """What the edit does, as one sentence."""
    says = [one.told for one in draft.said]
    told = says[0] if len(says) == 1 else f"{', '.join(says[:-1])} and {says[-1]}"
    near = f"; it comes {draft.nearer:.2f} closer to {draft.towards}" if draft.nearer > TOUCHED else ""
    return f"{told[:1].upper()}{told[1:]}{near}."


def _nearest(catalog: Catalog, tool: Tool, near: Near) -> tuple[Tool, ...]:
    """The tools nearest to one of the catalog, nearest first, ties in the document's order."""
    if tool.name in near:
        return catalog.subset([name for name, _ in near[tool.name][:THIRDS]])
    place = next(place for place, one in enumerate(catalog.tools) if one.name == tool.name)
    (row,) = Closeness(catalog.tools).steps(np.array([place]), 0, len(catalog.tools))
    order = np.argsort(-row, kind="stable")[: THIRDS + 1]
    return tuple(catalog.tools[one] for one in order if one != place)
