"""What a study is made of: its catalogs, its sizes, how it trains; two presets that work."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field

from ..errors import DataError
from ..records.base import Record
from ..records.tool import Catalog
from ..records.trace import Decoding
from ..training.choices import TrainingChoices

Preset = Literal["small", "full"]
AS_MANY_AS_THE_PAPER = 134
"""Scenarios of which, without the tenth that has no right tool, 119 or more are left, as in the paper (METHOD.md §5).
"""
SAMPLE = "enterprise"
"""The project's own catalog, which is imported where it is not there."""
HELD_OUT_GROUPS = ("HR", "ITSM")
"""Parts of that catalog that nobody trains on unless other ones are named."""
LONGEST_NAME = 32
"""Characters of a study's name: names of runs and datasets are made from it."""
ABLATIONS = ("no-cascade", "no-near-duplicates", "no-thought")
"""What is left out in turn, as in the paper."""


class StudyChoices(Record):
    """All that decides what a study comes to."""

    name: str
    model: str = "smollm2"
    """Model spec of what is tuned."""
    goes_on_from: str = ""
    """Model spec of an adapter of that model which the tuning goes on with, as of an earlier study that held the same
    catalogs out; empty for the model as it is. Ablations and curve start from the model."""
    preset: Preset = "small"
    """What the other choices were taken from."""
    catalogs: tuple[str, ...] = Field(min_length=1)
    """Catalogs whose tools are trained on, without what is held out of them."""
    held_out: tuple[str, ...] = Field(min_length=1)
    """Catalogs that are evaluated on alone; `NAME:GROUP` is one part of a catalog."""
    dialogues: int = Field(ge=4, le=1_000_000)
    """Dialogues that are attempted, over all catalogs."""
    teacher: str = "scripted:oracle"
    """Model spec of the assistant whose turns are learned."""
    scenarios: int = Field(ge=1, le=10_000)
    """Scenarios of the held-out catalogs that every model plays."""
    trials: int = Field(default=1, ge=1, le=64)
    """Times that each is played."""
    validation: float = Field(default=0.1, ge=0.0, lt=1.0)
    """Share of the dialogues, apart from the others, on which checkpoints are compared."""
    near: float = Field(default=0.0, ge=0.0, lt=1.0)
    """Share that is held out of the catalogs trained on; 0 for none."""
    watch: int = Field(default=4, ge=0)
    """Scenarios played with each checkpoint that is compared."""
    comparisons: int = Field(default=2, ge=1)
    """Checkpoints that are compared."""
    hours: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Hours that the training may take; dialogues are left out where it would take longer. 0 for any time."""
    decoding: Decoding = "free"
    """How every model on this machine writes, base and tuned alike; both are played with less to hold them too."""
    later: tuple[str, ...] = ()
    """Beginnings of the names of steps that are done only when they are asked for."""
    training: TrainingChoices = TrainingChoices()
    seed: int = Field(default=0, ge=0)


_TRAINING = {"epochs": 2, "batch_size": 4, "learning_rate": 1e-3, "too_long": "leave_out", "max_tokens": 1600}
"""Rank 16 over all layers of the embedded model is an adapter of 10 MB in half precision. The longest tenth of the
dialogues would take a third of the time."""
PLAIN = "scripted:plain"
"""Teacher of the presets: a small model learns most from turns that are always put alike."""
_SMALL: dict[str, Any] = {
    "teacher": PLAIN,
    "dialogues": 150,
    "scenarios": 20,
    "hours": 0.5,
    "later": ("evaluate:examples", "free", "constrained", "ablation", "curve"),
    "training": _TRAINING,
}
_FULL_ON_A_PROCESSOR: dict[str, Any] = {
    "teacher": PLAIN,
    "dialogues": 5000,
    "scenarios": AS_MANY_AS_THE_PAPER,
    "near": 0.1,
    "watch": 12,
    "comparisons": 6,
    "hours": 10.0,
    "later": ("constrained", "ablation", "curve"),
    "training": _TRAINING,
}
_FULL_ON_A_GPU: dict[str, Any] = _FULL_ON_A_PROCESSOR | {
    "dialogues": 7500,
    "trials": 3,
    "hours": 0.0,
    "later": (),
    "training": _TRAINING | {"epochs": 3, "batch_size": 16},
}


def preset_values(preset: Preset, has_gpu: bool, halves: bool) -> dict[str, Any]:
    """The choices of a preset, but for name, model and catalogs; `halves`: whether the processor does bfloat16."""
    full = _FULL_ON_A_GPU if has_gpu else _FULL_ON_A_PROCESSOR
    values = _SMALL if preset == "small" else full
    return values | {"training": values["training"] | ({"precision": "bfloat16"} if halves else {})}


@dataclass(frozen=True, slots=True)
class Source:
    """A catalog, or one group of it."""

    catalog: str
    group: str = ""

    @classmethod
    def of(cls, text: str) -> Source:
        """That of `NAME` or `NAME:GROUP`."""
        catalog, _, group = text.partition(":")
        return cls(catalog.strip(), group.strip())

    @property
    def text(self) -> str:
        return f"{self.catalog}:{self.group}" if self.group else self.catalog


def check_sources(choices: StudyChoices) -> None:
    """DataError where a catalog would be trained on and held out, or a part of one is named to train on."""
    held = [Source.of(text) for text in choices.held_out]
    if parts := [text for text in choices.catalogs if Source.of(text).group]:
        raise DataError(
            f"'{parts[0]}' is a part of a catalog. Name whole catalogs to train on, and hold parts out of them "
            "(--held-out-catalogs NAME:GROUP)."
        )
    if both := [source.catalog for source in held if not source.group and source.catalog in choices.catalogs]:
        raise DataError(f"Catalog '{both[0]}' cannot be trained on and held out. Name it once.")
    if len(set(choices.held_out)) < len(choices.held_out) or len(set(choices.catalogs)) < len(choices.catalogs):
        raise DataError("A catalog is named twice. Name each once.")


def default_held_out(catalogs: tuple[str, ...]) -> tuple[str, ...]:
    """What is held out where nothing is named; DataError where nobody can know."""
    if SAMPLE in catalogs:
        return tuple(f"{SAMPLE}:{group}" for group in HELD_OUT_GROUPS)
    raise DataError(
        "Name what is held out (--held-out-catalogs): catalogs that are not trained on, or parts of those that are, "
        "as NAME:GROUP."
    )


def part_of(catalog: Catalog, name: str, *, group: str = "", without: tuple[str, ...] = ()) -> Catalog:
    """The tools of one group, or all but those of some groups, as a catalog of this name.

    DataError that lists the groups if one of these is none, or if nothing is left.
    """
    groups = list(dict.fromkeys(tool.group for tool in catalog.tools if tool.group))
    unknown = [each for each in ({group} | set(without)) - {""} if each not in groups]
    if unknown:
        raise DataError(f"Catalog '{catalog.name}' has no group '{unknown[0]}'. It has: {', '.join(groups) or 'none'}.")
    tools = tuple(t for t in catalog.tools if (t.group == group if group else t.group not in without))
    if not tools:
        raise DataError(f"Nothing of catalog '{catalog.name}' would be left to train on. Hold fewer groups out.")
    names = {tool.name for tool in tools}
    pinned, banned = (tuple(p for p in pairs if set(p) <= names) for pairs in (catalog.pinned, catalog.banned))
    return Catalog(name=name, tools=tools, pinned=pinned, banned=banned)
