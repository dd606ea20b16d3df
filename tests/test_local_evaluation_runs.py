"""Evaluation runs of a model on this machine: many conversations in flight, paused and resumed, none played twice."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.local_model import LocalModel
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import Interrupted
from diaforge_core.evaluation import evaluator
from diaforge_core.evaluation.evaluator import DynamicEvaluator, play
from diaforge_core.records.trace import Trace
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.worker import Work, evaluate
from diaforge_core.store.run_folder import RunFolder

from .factories import a_catalog

EPISODES = 10


@pytest.fixture(autouse=True)
def short_turns(monkeypatch: pytest.MonkeyPatch) -> None:
    """Turns of at most eight tokens: random weights rarely end theirs."""
    asked = LocalModel._asked
    monkeypatch.setattr(LocalModel, "_asked", lambda self, prompt, seed, _, **how: asked(self, prompt, seed, 8, **how))


@pytest.fixture
def folder(tmp_path: Path, tiny_llama_dir: Path) -> RunFolder:
    spec = f"hf:{tiny_llama_dir}"
    recipe = EvalRecipe(model=spec, catalog="sample", count=EPISODES // 2, trials=2).model_dump(mode="json")
    config = {"id": "e", "name": "e", "kind": "evaluate", "recipe": recipe, "model": spec, "models_dir": str(tmp_path)}
    made = RunFolder(tmp_path / "e")
    made.create(config, a_catalog(), list(draw_scenarios(a_catalog(), EPISODES // 2, 3)))
    return made


def said(rows: list[dict[str, Any]]) -> dict[tuple[str, int], list[str]]:
    traces = [Trace.model_validate(row["trace"]) for row in rows]
    return {(trace.scenario.id, trace.trial): [turn.reply for turn in trace.turns] for trace in traces}


def test_a_pause_loses_no_finished_conversation_and_a_resume_plays_the_others(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, ended = folder.append_lines, []
    monkeypatch.setattr("diaforge_core.conversation.local_model.IN_FLIGHT", {"cpu": 3})
    work = Work(folder)

    def stopping(lines: bytes) -> None:
        append(lines)
        folder.request_stop(pause=True)

    def playing(*given: Any) -> Trace:
        ended.append(play(*given))
        return ended[-1]

    monkeypatch.setattr(folder, "append_lines", stopping)
    monkeypatch.setattr(evaluator, "play", playing)
    with pytest.raises(Interrupted):
        evaluate(work)
    before = list(folder.rows())
    assert {row["trace"]["id"] for row in before} == {trace.id for trace in ended}
    assert 0 < len(before) < EPISODES
    assert work.report()["episodes"] == len(before)
    monkeypatch.undo()
    folder.clear_stop()
    evaluate(Work(folder))
    rows = list(folder.rows())
    assert rows[: len(before)] == before
    assert len(rows) == len(said(rows)) == EPISODES


def test_a_stop_that_comes_with_the_last_conversation_leaves_a_whole_run(
    folder: RunFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    append, work = folder.append_lines, Work(folder)

    def stopping(lines: bytes) -> None:
        append(lines)
        if len(list(folder.rows())) == EPISODES:
            folder.request_stop(pause=True)

    monkeypatch.setattr(folder, "append_lines", stopping)
    assert evaluate(work)["episodes"] == EPISODES


def test_a_run_says_what_the_evaluator_hears_from_one_conversation_at_a_time(
    folder: RunFolder, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evaluate(Work(folder))
    monkeypatch.setattr("diaforge_core.conversation.local_model.IN_FLIGHT", {"cpu": 1})
    alone = DynamicEvaluator(api_catalog=a_catalog()).evaluate(f"hf:{tiny_llama_dir}", folder.scenarios(), trials=2)
    heard = {(trace.scenario.id, trace.trial): [turn.reply for turn in trace.turns] for trace in alone.traces}
    assert said(list(folder.rows())) == heard
