"""Questions that a model really asks, to be labelled: rows as tests/questions/README.md has them, without `means`.

`python -m benchmarks.collect_questions SPEC OUT COUNT [free|constrained] [NAME]` lets the model play scenarios of the
invented families, which no model was tuned on, and keeps at most two questions of each conversation and no words twice.
NAME is what stands for the model as the style.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from diaforge_core.conversation.chat_models import in_flight_of
from diaforge_core.conversation.constrained import with_constrained_decoding
from diaforge_core.conversation.model_specs import open_assistant
from diaforge_core.conversation.scenarios import Choices, draw_scenarios
from diaforge_core.conversation.view import Assistant
from diaforge_core.evaluation.evaluator import evaluate_scenarios
from diaforge_core.records.tool import Catalog
from diaforge_core.records.trace import Trace
from diaforge_core.settings import models_dir, workspace_dir
from tests.labelled_questions import families

EACH = 2
"""Questions that are kept of one conversation."""
SEED = 41


def main() -> None:
    spec, out, count = sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])
    assistant = open_assistant(spec, models_dir(workspace_dir()))
    if "constrained" in sys.argv[4:5]:
        assistant = with_constrained_decoding(assistant)
    name = sys.argv[5] if len(sys.argv) > 5 else spec
    each = -(-count // (EACH * len(families())))
    with ThreadPoolExecutor(in_flight_of(assistant)) as pool:
        played = [pool.submit(_asked_of, assistant, family, each, number) for number, family in enumerate(families())]
        found = [row | {"style": name} for future in played for row in future.result()]
    first: dict[str, dict[str, Any]] = {}
    for row in found:
        first.setdefault(row["question"], row)
    rows = list(first.values())[:count]
    lines = (json.dumps({"id": f"{name}-{number:03}"} | row, ensure_ascii=False) for number, row in enumerate(rows))
    out.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    print(f"{len(rows)} questions of {name} in {out}")


def _asked_of(assistant: Assistant, family: str, each: int, number: int) -> list[dict[str, Any]]:
    """What the assistant asks in `each` scenarios of a family."""
    tools = families()[family]
    catalog = Catalog(name=family, tools=tuple(tools.values()))
    originals = {tool.name: tool.original_name for tool in tools.values()}
    some = draw_scenarios(catalog, each, SEED + number, Choices(bank="evaluation"))
    traces = evaluate_scenarios(catalog, list(some), assistant, at_once=1)
    return [row for trace in traces for row in _questions(trace, family, originals)]


def _questions(trace: Trace, family: str, originals: dict[str, str]) -> Iterator[dict[str, Any]]:
    """The first questions of one conversation, with the talk before them."""
    scenario, kept = trace.scenario, 0
    for place, turn in enumerate(trace.turns):
        if turn.speaker != "assistant" or turn.call or not turn.reply or kept == EACH:
            continue
        kept += 1
        yield {
            "family": family,
            "candidates": [originals[name] for name in scenario.candidates],
            "goal": originals[scenario.goal_tool],
            "gold": scenario.gold_arguments,
            "turns": [{"speaker": said.speaker, "text": said.reply} for said in trace.turns[:place]],
            "question": turn.reply,
        }


if __name__ == "__main__":
    main()
