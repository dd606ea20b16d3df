"""What the worker of an evaluation does besides live conversations: stored dialogues, and the report with its floor."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from typing import TYPE_CHECKING, Any

from ..conversation.patience import patiently
from ..evaluation.baselines import baselines, is_baseline
from ..evaluation.evaluator import evaluate_static, tools_by_name
from ..evaluation.metrics import measure
from ..records.tool import Catalog
from ..records.trace import Trace
from ..store.trace_journal import TraceJournal
from .nearness import Nearness
from .reports import measurements_report, plain

if TYPE_CHECKING:
    from .worker import Work


def replay(work: Work) -> dict[str, Any]:
    """Let the model under test answer the user's turns of the folder's dialogues; one row a dialogue, in order."""
    catalog, dialogues = work.folder.catalog(), work.folder.dialogues()
    journal = TraceJournal(work.folder, Nearness(lambda _: catalog).of)
    journal.repair()
    traces = list(journal.traces())
    work.tell(len(traces), len(dialogues), "dialogues")
    work.so_far = lambda: numbers(work, catalog, traces)
    assistant = work.assistant()
    left = dialogues[len(traces) :]
    with closing(evaluate_static(catalog, left, assistant, history=work.recipe["static"])) as made:
        for trace in patiently(made, lambda trace: trace, fresh=not traces):
            journal.append(trace)
            traces.append(trace)
            work.tell(len(traces), len(dialogues), "dialogues")
            if len(traces) < len(dialogues):
                work.folder.check_stop()
    return work.so_far() | floor(work, catalog)


def numbers(work: Work, catalog: Catalog, traces: Sequence[Trace]) -> dict[str, Any]:
    """What there is to report so far; empty before the first trace.

    Where a test part is played: `test_looks`, how often each was looked at, this time included.
    """
    if not traces:
        return {}
    looks = work.config.get("test_looks")
    return measurements_report(measure(traces, tools_by_name(catalog))) | ({"test_looks": looks} if looks else {})


def floor(work: Work, catalog: Catalog) -> dict[str, Any]:
    """`baselines`, what scripts reach on the run's scenarios; nothing where one of them is under test itself."""
    if is_baseline(work.recipe["model"]):
        return {}
    return {"baselines": plain(baselines(catalog, work.folder.scenarios(), work.recipe["seed"]))}
