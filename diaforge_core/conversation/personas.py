"""The people who ask: enterprise users composed of a role with its department, a seniority and a way of writing."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from ruamel.yaml import YAML

from ..records.scenario import Persona
from ..settings import DATA_DIR

SLIPS = {"plain": 0.8, "terse": 1.2, "chatty": 1.0, "formal": 0.4, "hurried": 1.6}
"""Style → how many times the usual share of its turns holds a slip of the keyboard; one on average."""
_STRIDE = 23
"""Names are walked through by steps of it: prime to their number, so neighbours in the list of personas differ."""


@lru_cache(maxsize=1)
def _parts() -> dict[str, Any]:
    return YAML(typ="safe", pure=True).load((DATA_DIR / "personas.yaml").read_text(encoding="utf-8"))


@lru_cache(maxsize=1)
def personas() -> tuple[Persona, ...]:
    """One persona for each role, seniority that fits it, and style, in the order of data/personas.yaml."""
    parts = _parts()
    ranks = parts["seniorities"]
    people = [
        {"role": role["role"], "department": role["department"], "seniority": seniority, "style": style}
        for role in parts["roles"]
        for seniority in ranks[ranks.index(role.get("from", ranks[0])) : ranks.index(role.get("to", ranks[-1])) + 1]
        for style in parts["styles"]
    ]
    names = parts["names"]
    return tuple(Persona(name=names[place * _STRIDE % len(names)], **each) for place, each in enumerate(people))


def styles() -> tuple[str, ...]:
    """The ways of writing that personas have."""
    return tuple(_parts()["styles"])


@lru_cache(maxsize=1)
def departments() -> tuple[str, ...]:
    """The departments that personas are of, in the order of data/personas.yaml."""
    return tuple(dict.fromkeys(role["department"] for role in _parts()["roles"]))


def slipping(people: tuple[Persona, ...], share: float) -> tuple[Persona, ...]:
    """The personas with each its own share of turns with a slip, by style, such that their mean is `share`.

    The differences shrink towards the ends, so that a share of 0 or of 1 holds for everybody.
    """
    usual = sum(SLIPS[person.style] for person in people) / len(people)
    shares = {
        style: round(min(1.0, max(0.0, share + (slips - usual) * share * (1 - share))), 4)
        for style, slips in SLIPS.items()
    }
    return tuple(person.model_copy(update={"typos": shares[person.style]}) for person in people)
