"""The verification cascade: checks that read turns, candidates and scenario, each with its reason (METHOD.md §2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ...records.dialogue import Dialogue, Verdict
from ...records.tool import Catalog, Tool
from .calls import check_tool_call
from .case import Case, Fault
from .forms import check_arguments, check_format, due_arguments
from .grounding import check_grounding, grounds
from .leak import check_leak
from .questions import check_phase_order, check_relevance, question_fault
from .words import fold, is_fixed, leaves, same_value, spoken

__all__ = [
    "VERIFIERS",
    "Case",
    "Fault",
    "Verifier",
    "cascade",
    "check_leak",
    "due_arguments",
    "fold",
    "grounds",
    "is_fixed",
    "leaves",
    "question_fault",
    "same_value",
    "spoken",
    "verify",
]

Check = Callable[[Case], Fault | None]


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
        fault = verifier.check(case)
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
    names = dict.fromkeys([*dialogue.scenario.candidates, dialogue.scenario.goal_tool])
    return verify(dialogue, catalog.subset([name for name in names if name in catalog]))


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
