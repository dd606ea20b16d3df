"""What the cascade makes of clean dialogues and of planted faults: `python -m tests.planted.measure [draw] [kind …]`.

Draw 0 is what is promised; every other number plants with other words in other bases, the held-out ones among them.
"""

from __future__ import annotations

import random
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import chain, islice, zip_longest

from diaforge_core.conversation.verifiers import cascade
from diaforge_core.records.base import derived_seed
from diaforge_core.records.dialogue import Dialogue, Verdict
from diaforge_core.records.tool import Catalog

from . import BY_HAND, clean_dialogues, generated_clean, held_out_dialogues
from .faults import FAULTS, Fault

PER_KIND = 20
Base = tuple[Dialogue, Catalog]


@dataclass(frozen=True)
class Trial:
    """One planted fault and what became of it."""

    base: Dialogue
    faulty: Dialogue
    turn: int | None
    """Where the fault is, if only one turn can be meant."""
    failed: tuple[Verdict, ...]
    """The verdicts that are no pass."""
    failed_before: frozenset[str]
    """The verifiers that reject the base already."""
    by: frozenset[str]

    @property
    def caught(self) -> bool:
        """Whether any verifier rejects it that does not reject the base."""
        return any(verdict.verifier not in self.failed_before for verdict in self.failed)

    @property
    def right(self) -> tuple[Verdict, ...]:
        """The rejections of a verifier that ought to, and that lets the base pass."""
        return tuple(each for each in self.failed if each.verifier in self.by - self.failed_before)

    @property
    def pinned(self) -> bool:
        """Whether such a rejection points at the turn, where only one can be meant."""
        return any(self.turn is None or verdict.turn == self.turn for verdict in self.right)

    @property
    def blurred(self) -> bool:
        """Whether nothing can be said, since all that ought to catch it reject the base already."""
        return not self.right and self.by <= self.failed_before


def failures(dialogue: Dialogue, catalog: Catalog) -> tuple[Verdict, ...]:
    """The verdicts of the cascade that are no pass."""
    return tuple(verdict for verdict in cascade(dialogue, catalog).verdicts if not verdict.passed)


@cache
def bases() -> tuple[Base, ...]:
    """Hand-worded and generated dialogues in turn, the held-out ones last."""
    pairs = zip_longest(clean_dialogues(), generated_clean())
    return (*(base for base in chain.from_iterable(pairs) if base is not None), *held_out_dialogues())


@cache
def rejecters() -> dict[str, frozenset[str]]:
    """By the id of each base, the verifiers that reject it already."""
    return {
        dialogue.id: frozenset(verdict.verifier for verdict in failures(dialogue, catalog))
        for dialogue, catalog in bases()
    }


@cache
def trials(kind: Fault, draw: int = 0) -> tuple[Trial, ...]:
    """Up to `PER_KIND` dialogues with this fault, each on a base of its own."""
    drawn = list(bases()[: None if draw else -len(held_out_dialogues())])
    random.Random(derived_seed("bases", kind.name, draw)).shuffle(drawn)
    return tuple(islice(_planted(kind, drawn, draw), PER_KIND))


def _planted(kind: Fault, drawn: list[Base], draw: int) -> Iterator[Trial]:
    for dialogue, catalog in drawn:
        planted = kind.plant(dialogue, catalog, random.Random(derived_seed(kind.name, dialogue.id, draw)))
        if planted is not None:
            faulty, turn = planted
            yield Trial(dialogue, faulty, turn, failures(faulty, catalog), rejecters()[dialogue.id], kind.caught_by)


def rejected(dialogues: tuple[Base, ...]) -> list[tuple[Dialogue, tuple[Verdict, ...]]]:
    """The clean dialogues that the cascade rejects, with its reasons."""
    judged = ((dialogue, failures(dialogue, catalog)) for dialogue, catalog in dialogues)
    return [(dialogue, failed) for dialogue, failed in judged if failed]


def main(asked: list[str]) -> None:
    """Prints both sides: what is caught per kind, and which clean dialogues are rejected and why."""
    draw = next((int(word) for word in asked if word.isdecimal()), 0)
    kinds = [word for word in asked if not word.isdecimal()]
    print(f"{'kind':32} {'made':>4} {'caught':>6} {'right':>5} {'turn':>4} {'blurred':>7}  caught by")
    for kind in (FAULTS[name] for name in kinds or FAULTS):
        print(_line(kind, trials(kind, draw)))
    if kinds:
        return
    _report("hand-worded", clean_dialogues())
    _report("held-out hand-worded", held_out_dialogues())
    _report("generated", generated_clean())


def _line(kind: Fault, tried: tuple[Trial, ...]) -> str:
    by = Counter(verdict.verifier for trial in tried for verdict in trial.right)
    counts = (len(tried), *(sum(map(test, tried)) for test in (_caught, _right, _pinned, _blurred)))
    made, caught, right, pinned, blurred = counts
    named = ", ".join(f"{name} {count}" for name, count in by.most_common()) or "-"
    return f"{kind.name:32} {made:4} {caught:6} {right:5} {pinned:4} {blurred:7}  {named}"


def _caught(trial: Trial) -> bool:
    return trial.caught


def _right(trial: Trial) -> bool:
    return bool(trial.right)


def _pinned(trial: Trial) -> bool:
    return trial.pinned


def _blurred(trial: Trial) -> bool:
    return trial.blurred


def _report(title: str, dialogues: tuple[Base, ...]) -> None:
    bad = rejected(dialogues)
    print(f"\n{len(bad)} of {len(dialogues)} {title} clean dialogues are rejected")
    for name, count in Counter(verdict.verifier for _, failed in bad for verdict in failed).most_common():
        print(f"  {count:3} by {name}")
    for dialogue, failed in bad:
        where = dialogue.scenario.persona.name if dialogue.assistant == BY_HAND else dialogue.id
        print(f"- {dialogue.scenario.catalog} / {dialogue.scenario.goal_tool} / {where}")
        for verdict in failed:
            print(f"    {verdict.verifier} on turn {verdict.turn}: {verdict.reason}")


if __name__ == "__main__":
    main(sys.argv[1:])
