"""What is to be generated: the one description that the page, the command line, a run folder and a worker share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from ..conversation.candidates import ANY_NEAR
from ..conversation.choices import DEFAULT_MIX, Choices
from ..records.base import Record
from ..records.scenario import Dial, Tier

SCRIPTED_USER = "scripted"
"""`Recipe.user` for the embedded user, which needs no model."""
Engine = Literal["local", "ray"]


class PriceOf(Record):
    """What a model's tokens cost, per million, in any one currency."""

    prompt: float = Field(default=0.0, ge=0.0)
    completion: float = Field(default=0.0, ge=0.0)


class SpendingLimits(Record):
    """What a run may spend on models in all; None is no limit."""

    tokens: int | None = Field(default=None, ge=1)
    money: float | None = Field(default=None, gt=0.0)
    calls: int | None = Field(default=None, ge=1)


class Sharing(Record):
    """How a run is spread over processes, and what it may spend on models."""

    limits: SpendingLimits = SpendingLimits()
    prices: dict[str, PriceOf] = Field(default_factory=dict)
    """Model name, as the endpoint knows it → its price; a model without one counts no money."""
    workers: int = Field(default=0, ge=0, le=256)
    """Processes at the same time, 0 for as many as pay; what comes out is the same for any number.

    On this machine a run that asks a model keeps to one, with many conversations in it side by side.
    """
    engine: Engine = "local"
    """Where they run: on this machine, or on the Ray cluster at RAY_ADDRESS."""
    shards: str = ""
    """Address, as fsspec knows them, where processes put what they made; empty for the run's own folder."""


class Recipe(Sharing):
    """What is to be generated."""

    catalog: str
    """Name of the catalog; its newest version is taken."""
    dataset: str = "preview"
    """Name of the dataset that the dialogues go into; made if it is not there."""
    count: int = Field(default=50, ge=1, le=1_000_000)
    """Scenarios attempted; dialogues that a verifier rejects count too."""
    seed: int = Field(default=0, ge=0)
    mix: dict[Tier, float] = Field(default_factory=lambda: dict(DEFAULT_MIX))
    """Tier → share of the scenarios; need not sum to 1."""
    no_tool_share: float = Field(default=0.1, ge=0.0, le=1.0)
    """Share of scenarios in which no right tool is in view."""
    goal_tools: tuple[str, ...] = ()
    """Tools that may be the goal; empty for all."""
    dial_share: float = Field(default=0.2, ge=0.0, le=1.0)
    """Share of scenarios with a behaviour that disturbs the conversation."""
    dials: tuple[Dial, ...] = ()
    """Behaviours that may be drawn; empty for all."""
    styles: tuple[str, ...] = ()
    """Ways of writing that a persona may have; empty for all."""
    departments: tuple[str, ...] = ()
    """Departments that a persona may be of; empty for all."""
    typos: float = Field(default=0.15, ge=0.0, le=1.0)
    """Share of user turns with a slip of the keyboard, over all personas."""
    assistant: str = "scripted:oracle"
    """Model spec of the teacher."""
    user: str = SCRIPTED_USER
    """`scripted`, or the model spec of the user side."""
    words: str = ""
    """Model spec that words what the scripts plan; empty for the scripts' own words."""
    critic: str = ""
    """Model spec of the critic, the last verifier; empty for none."""
    votes: int = Field(default=3, ge=1, le=9)
    """Drafts of a turn that a model-driven user chooses from."""
    near_floor: float = Field(default=0.0, ge=0.0, le=1.0)
    """Least closeness of a distractor to the goal tool; pinned ones may be further."""
    near_ceiling: float = Field(default=1.0, ge=0.0, le=1.0)
    """Greatest closeness of a distractor to the goal tool; pinned ones may be closer."""
    neighbours: int = Field(default=ANY_NEAR.neighbours, ge=2, le=1_000)
    """How many of a tool's nearest others are looked at."""
    parent: str = ""
    """Id of the trace that the dialogues are made after; each names it. Empty for none."""

    @property
    def choices(self) -> Choices:
        """How its scenarios are drawn; a DiaForgeError where that contradicts itself or names what there is not."""
        return Choices.of(self.model_dump())

    @property
    def models(self) -> dict[str, str]:
        """Side → model spec, for the sides that somebody other than the embedded user plays."""
        sides = {"assistant": self.assistant, "user": self.user, "words": self.words, "critic": self.critic}
        return {side: spec for side, spec in sides.items() if spec and spec != SCRIPTED_USER}
