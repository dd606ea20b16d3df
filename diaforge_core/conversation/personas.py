"""The people who ask: enterprise users composed of a role with its department, a seniority and a way of writing."""

from __future__ import annotations

import random
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from ruamel.yaml import YAML

from ..catalog.embedding import embed
from ..records.scenario import Persona
from ..settings import DATA_DIR

SLIPS = {"plain": 0.8, "terse": 1.2, "chatty": 1.0, "formal": 0.4, "hurried": 1.6}
"""Style → how many times the usual share of its turns holds a slip of the keyboard; one on average."""
_STEPS = 4096
"""Whole steps of a vector's component."""
_FEWEST_ROLES = 6
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


@lru_cache(maxsize=1)
def _roles() -> tuple[tuple[str, ...], NDArray[np.int64]]:
    """Every role and its vector, in whole steps, less what all of them share."""
    parts = _parts()["roles"]
    rows = _steps(embed([f"{part['role']} in {part['department']}" for part in parts]))
    return tuple(part["role"] for part in parts), rows - rows.sum(axis=0) // len(rows)


def _steps(vectors: NDArray[np.float32]) -> NDArray[np.int64]:
    """The vectors in whole steps, so that a tie is a tie on every machine."""
    return np.rint(vectors.astype(np.float64) * _STEPS).astype(np.int64)


def likely_roles(told: NDArray[np.float32]) -> tuple[str, ...]:
    """All roles, first those whose work is most like what a text with this vector tells, ties as in personas.yaml."""
    roles, rows = _roles()
    alike = rows @ _steps(told)
    return tuple(roles[place] for place in sorted(range(len(roles)), key=lambda place: (-int(alike[place]), place)))


class Askers:
    """The personas that may ask, by role."""

    def __init__(self, people: tuple[Persona, ...]) -> None:
        self._by_role: dict[str, list[Persona]] = {}
        for person in people:
            self._by_role.setdefault(person.role, []).append(person)

    def draw(self, told: NDArray[np.float32], rng: random.Random) -> Persona:
        """One of those whose work is likely to hold such a request: the nearest third of the roles, at least six.

        `told` is the vector of what is asked for.
        """
        roles = [role for role in likely_roles(told) if role in self._by_role]
        return rng.choice(self._by_role[rng.choice(roles[: max(_FEWEST_ROLES, len(roles) // 3)])])


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
