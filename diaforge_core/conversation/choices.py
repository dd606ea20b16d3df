"""What a person may choose about drawn scenarios: tiers, goals, behaviours, who asks and how they write."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..errors import DataError, problem_list
from ..records.scenario import TIERS, Bank, Dial, Persona, Tier
from .candidates import ANY_NEAR, Nearness
from .dials import DIALS
from .personas import departments, personas, slipping, styles

DEFAULT_MIX: dict[Tier, float] = {"baseline": 0.4, "medium": 0.3, "hard": 0.2, "expert": 0.1}


@dataclass(frozen=True, slots=True)
class Choices:
    """How scenarios are drawn; whatever is left out has a default that works."""

    mix: Mapping[Tier, float] = field(default_factory=lambda: dict(DEFAULT_MIX))
    """Tier → share of the scenarios; need not sum to 1."""
    goal_tools: Sequence[str] = ()
    """Cleaned or original names of the tools that may be the goal; empty for all."""
    no_tool_share: float = 0.1
    """Share of scenarios in which no right tool is in view."""
    nearness: Nearness = ANY_NEAR
    """Which tools may stand beside a goal tool."""
    bank: Bank = "generation"
    """Which phrasing bank the user side draws from."""
    dial_share: float = 0.2
    """Share of scenarios with a behaviour that disturbs the conversation."""
    dials: Sequence[Dial] = ()
    """Behaviours that may be drawn; empty for all."""
    styles: Sequence[str] = ()
    """Ways of writing that a persona may have; empty for all."""
    departments: Sequence[str] = ()
    """Departments that a persona may be of; empty for all."""
    typos: float = 0.15
    """Share of user turns with a slip of the keyboard, over all personas."""
    parent: str = ""
    """Id of the trace that they are all made after; empty for none."""

    def __post_init__(self) -> None:
        """DataError that names every tier, dial, style and department that there is not, and a mix of nothing."""
        problems = [
            (name, f"{', '.join(map(repr, unknown))} is not known; known are: {', '.join(known)}")
            for name, given, known in (
                ("mix", self.mix, TIERS),
                ("dials", self.dials, DIALS),
                ("styles", self.styles, styles()),
                ("departments", self.departments, departments()),
            )
            if (unknown := [each for each in given if each not in known])
        ]
        if not all(0 <= share < math.inf for share in self.mix.values()) or not sum(self.mix.values()):
            problems.append(("mix", f"{dict(self.mix)} gives no tier a share: each is a number from 0 up, one above 0"))
        if problems:
            raise DataError(problem_list("The scenarios cannot be drawn so.", problems, "Correct what is named."))

    def __hash__(self) -> int:
        """Equal choices are one key of what is kept for the next draw."""
        lists = (self.goal_tools, self.dials, self.styles, self.departments)
        shares = (self.no_tool_share, self.dial_share, self.typos)
        return hash((frozenset(self.mix.items()), *map(tuple, lists), *shares, self.nearness, self.bank, self.parent))

    @classmethod
    def of(cls, recipe: Mapping[str, Any], bank: Bank = "generation") -> Choices:
        """Those of a recipe's fields; what a recipe does not say has its default."""
        names = {each.name for each in dataclasses.fields(cls)} - {"nearness", "bank"}
        return cls(nearness=Nearness.of(recipe), bank=bank, **{key: recipe[key] for key in names if key in recipe})

    @property
    def people(self) -> tuple[Persona, ...]:
        """The personas that may ask, each with its share of slips."""
        chosen = (
            person
            for person in personas()
            if person.style in (self.styles or styles()) and person.department in (self.departments or departments())
        )
        return slipping(tuple(chosen), self.typos)


ANY_CHOICE = Choices()
