"""A file of any form as dialogues, with every row that is none named."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, BinaryIO

from pydantic import ValidationError

from ...errors import DataError, problem_list
from ...records.dialogue import Dialogue
from ...records.tool import Catalog
from .carried import FIELD, carried
from .elsewhere import Talk, dialogue_of, talk_of, tools_of
from .files import rows_of
from .messages import RowProblem

Problem = tuple[str, str]
"""Where a row stands, such as `line 7`, and why it is no dialogue."""
MOST_EXPLAINED = 40
"""Bad rows of which a refusal gives the reason; of the others it gives the place."""
_OWN = {"scenario", "turns"}
_TALKS = {"messages", "conversations"}


@dataclass(frozen=True, slots=True)
class Parsed:
    """What a file holds."""

    dialogues: tuple[Dialogue, ...]
    """In the file's order."""
    problems: tuple[Problem, ...]
    """In the file's order."""
    catalog: Catalog | None
    """The tools of the rows that another program wrote; None if no dialogue was made of such a row."""
    remarks: tuple[str, ...]
    """What else a person should know of what was read, one sentence each."""


def parse(file: BinaryIO, source: str, catalog: str) -> Parsed:
    """The dialogues of an open file, those of other programs' rows over a catalog of their tools that is named so.

    DataError if the file as a whole cannot be read.
    """
    pile = _Pile()
    for where, row in rows_of(file, source):
        with pile.noting(where):
            pile.take(where, row)
    talks = [each for each in pile.found if isinstance(each, Talk)]
    offered = tools_of(talks, source, catalog)
    dialogues: list[Dialogue] = []
    for each in pile.found:
        if isinstance(each, Dialogue):
            dialogues.append(each)
            continue
        with pile.noting(each.where):
            dialogue = dialogue_of(each, offered)
            if pile.is_new(each.where, dialogue):
                dialogues.append(dialogue)
    made = len(dialogues) - (len(pile.found) - len(talks))
    return Parsed(
        dialogues=tuple(dialogues),
        problems=tuple(sorted(pile.problems, key=lambda problem: _number(problem[0]))),
        catalog=offered.catalog if made else None,
        remarks=tuple(_remarks(pile.changed, made, offered.catalog, any(talk.scene for talk in talks))),
    )


def refuse_bad(parsed: Parsed, source: str, advice: str) -> None:
    """DataError that names every bad row, if there is one; else if there is no dialogue."""
    if problems := parsed.problems:
        kind = problems[0][0].split()[0]
        headline = f"{source}: {len(problems)} {f'{kind} is' if len(problems) == 1 else f'{kind}s are'} not usable."
        others = _ranges([_number(where) for where, _ in problems[MOST_EXPLAINED:]])
        closing = f"The others are {kind}s {others}. {advice}" if others else advice
        raise DataError(problem_list(headline, list(problems[:MOST_EXPLAINED]), closing, shown=MOST_EXPLAINED))
    if not parsed.dialogues:
        raise DataError(f"{source} holds no dialogue. Give a file with one dialogue a line, or a Parquet file.")


@dataclass(slots=True)
class _Pile:
    """What has been read so far."""

    found: list[Dialogue | Talk] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    taken: dict[tuple[str, int], tuple[str, Dialogue]] = field(default_factory=dict)
    """Id and version of a dialogue → where it stands first, and what it is."""
    changed: int = 0
    """Dialogues of ours whose row says something else now than when it was written."""

    @contextmanager
    def noting(self, where: str) -> Iterator[None]:
        """Notes why the row at hand is no dialogue; what it quotes of the row cannot steer a terminal."""
        try:
            yield
        except RowProblem as problem:
            self.problems.append((where, "".join(char if char.isprintable() else " " for char in str(problem))))

    def take(self, where: str, row: dict[str, Any] | RowProblem) -> None:
        """Put what the row holds on the pile; RowProblem if that is nothing."""
        if isinstance(row, RowProblem):
            raise row
        if FIELD in row:
            dialogue, is_changed = carried(row)
            if self.is_new(where, dialogue, may_repeat="chosen" in row):
                self.found.append(dialogue)
                self.changed += is_changed
        elif row.keys() & _OWN:
            dialogue = _record(row)
            if self.is_new(where, dialogue):
                self.found.append(dialogue)
        elif "chosen" in row:
            raise RowProblem("it is a preference pair of another program, which holds no whole dialogue")
        elif row.keys() & _TALKS:
            self.found.append(talk_of(where, row))
        else:
            raise RowProblem(f"it is of no form that is known here (its fields: {', '.join(row)[:80] or 'none'})")

    def is_new(self, where: str, dialogue: Dialogue, may_repeat: bool = False) -> bool:
        """Whether the dialogue is none of those before; RowProblem where it has to be."""
        place, earlier = self.taken.setdefault((dialogue.id, dialogue.version), (where, dialogue))
        if place != where and not (may_repeat and earlier == dialogue):
            raise RowProblem(f"dialogue '{dialogue.id}' stands in {place} already")
        return place == where


def _record(row: dict[str, Any]) -> Dialogue:
    try:
        return Dialogue.model_validate(row)
    except ValidationError as problem:
        raise RowProblem(_why(problem)) from None


def _why(problem: ValidationError) -> str:
    """The first fault of a row in a few words, and how many more there are."""
    faults = problem.errors(include_url=False, include_input=False)
    place = ".".join(str(part) for part in faults[0]["loc"])
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{f'{place}: ' if place else ''}{faults[0]['msg']}{more}"


def _remarks(changed: int, made: int, catalog: Catalog, has_scene: bool) -> Iterator[str]:
    if changed:
        yield (
            f"{changed} of them say something else than when they were exported; what the file says now was taken, "
            "and they are verified anew."
        )
    if made:
        yield (
            f"{made} came from another program: what a row does not tell was derived from it (the goal is its seed or "
            f"the tool called, the gold arguments are those of the call), over the catalog '{catalog.name}' of the "
            f"{len(catalog.tools)} tools shown."
        )
    if made and has_scene:
        yield "Their system messages were left out but for the day: here the scenario says what the system turn holds."


def _number(where: str) -> int:
    return int(where.rpartition(" ")[2])


def _ranges(numbers: Sequence[int]) -> str:
    """`3, 7-9, 12` of numbers in order."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}-{run[-1]}" for run in runs)
