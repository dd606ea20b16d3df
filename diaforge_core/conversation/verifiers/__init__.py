"""The verification cascade: checks that read turns, candidates and scenario, each with its reason (METHOD.md §2)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from ...records.dialogue import Dialogue, Verdict
from ...records.tool import Catalog, Tool
from .calls import check_tool_call
from .case import Case, Fault
from .forms import check_arguments, check_format, due_arguments
from .grounding import check_grounding, grounds
from .leak import check_leak
from .phases import check_phase_order
from .questions import check_relevance, question_fault
from .words import fold, is_fixed, leaves, same_value, spoken

__all__ = [
    "VERIFIERS",
    "Case",
    "Fault",
    "Verifier",
    "cascade",
    "check_leak",
    "due_arguments",
    "every_fault",
    "fold",
    "grounds",
    "is_fixed",
    "leaves",
    "question_fault",
    "same_value",
    "spoken",
    "verify",
]

Check = Callable[[Case], Iterator[Fault]]
"""Gives every fault, the one to be told first in front; none when the dialogue passes."""


@dataclass(frozen=True, slots=True)
class Verifier:
    """One check of the cascade."""

    name: str
    title: str
    """What a dialogue that passes can be relied on for; help text."""
    check: Check


def verify(dialogue: Dialogue, tools: Sequence[Tool]) -> Dialogue:
    """The dialogue with one verdict of each verifier, in the order of the cascade; `tools` holds candidates and goal.

    All verifiers speak, except that a dialogue of the wrong form is not looked at further.
    """
    case = Case(dialogue, tools)
    verdicts: list[Verdict] = []
    for verifier in VERIFIERS:
        fault = next(verifier.check(case), None)
        verdicts.append(
            Verdict(
                verifier=verifier.name,
                passed=fault is None,
                reason=fault.reason if fault else "",
                turn=fault.turn if fault else None,
                evidence=grounds(case) if verifier.name == "grounding" else (),
            )
        )
        if fault and verifier.name == "format":
            break
    return dialogue.model_copy(update={"verdicts": tuple(verdicts)})


def cascade(dialogue: Dialogue, catalog: Catalog) -> Dialogue:
    """`verify` with the tools taken from the catalog; one that it does not hold is a fault of the tool call."""
    return verify(dialogue, _tools_of(dialogue, catalog))


def every_fault(dialogue: Dialogue, catalog: Catalog) -> tuple[Verdict, ...]:
    """All that the verifiers find and not only what each finds first: one failed verdict a turn and verifier.

    In the order of the cascade; of a dialogue of the wrong form only what is wrong with the form.
    """
    case = Case(dialogue, _tools_of(dialogue, catalog))
    found: dict[tuple[str, int | None], Verdict] = {}
    for verifier in VERIFIERS:
        for fault in verifier.check(case):
            verdict = Verdict(verifier=verifier.name, passed=False, reason=fault.reason, turn=fault.turn)
            found.setdefault((verifier.name, fault.turn), verdict)
        if found and verifier.name == "format":
            break
    return tuple(found.values())


def _tools_of(dialogue: Dialogue, catalog: Catalog) -> tuple[Tool, ...]:
    names = dict.fromkeys([*dialogue.scenario.candidates, dialogue.scenario.goal_tool])
    return catalog.subset([name for name in names if name in catalog])


VERIFIERS: tuple[Verifier, ...] = (
    Verifier("format", "Roles alternate; every assistant turn has a thought and a reply or a call.", check_format),
    Verifier("tool_call", "The last turn calls the goal tool, or says that none fits.", check_tool_call),
    Verifier("arguments", "The arguments are valid and equal the gold arguments.", check_arguments),
    Verifier("grounding", "Every value comes from the user's words.", check_grounding),
    Verifier("leak", "The user gives neither the tool's name nor a value too early.", check_leak),
    Verifier("phase_order", "First which tool, then its values, then the call.", check_phase_order),
    Verifier("relevance", "Every question helps; nothing known is asked.", check_relevance),
)
"""The cascade, deterministic checks first; a critic may follow."""
