"""Worked examples: what a model that was not tuned reads besides, and nothing that it is judged by."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import get_args

import pytest

from diaforge_core.conversation.assistants import scripted_assistant
from diaforge_core.conversation.chat_models import ModelAssistant, ScriptedModel
from diaforge_core.conversation.prompts import parse_turn
from diaforge_core.conversation.view import View
from diaforge_core.conversation.worked_examples import with_worked_examples, worked_examples
from diaforge_core.errors import ModelError
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.evaluation_scenarios import Prompt
from diaforge_core.services.workspace import open_workspace

from .factories import a_catalog, a_setting, sales_tools, user
from .stub_server import StubServer, says

VIEW = View(sales_tools()[:2], a_setting(), (user("Put John into the system."),))


@pytest.mark.parametrize("native", [False, True])
def test_the_examples_stand_at_the_end_of_the_system_turn_and_change_nothing_else(native: bool) -> None:
    plain, shown = ScriptedModel(["Which?"]), ScriptedModel(["Which?"])
    ModelAssistant(plain, "m", native=native).act(VIEW, 0)
    with_worked_examples(ModelAssistant(shown, "m", native=native)).act(VIEW, 0)
    ((system, *said),), ((system_shown, *said_shown),) = plain.asked, shown.asked
    assert said_shown == said
    assert system_shown["content"] == f"{system['content']}\n\n{worked_examples()}"


def test_every_assistant_turn_of_them_reads_back_as_a_thought_with_a_reply_or_a_call() -> None:
    turns = [parse_turn(part.split("\nUser: ")[0]) for part in worked_examples().split("\nAssistant: ")[1:]]
    assert len(turns) == 5
    assert all(turn.thought for turn in turns)
    assert [turn.call.name for turn in turns if turn.call] == ["Library_ReserveBook"]


def test_a_script_reads_none(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="reads no worked examples"):
        with_worked_examples(scripted_assistant("scripted:oracle"))
    with open_workspace(tmp_path / "workspace") as workspace:
        workspace.catalogs.put(a_catalog())
        with pytest.raises(ModelError, match="is a script"):
            workspace.evaluation.start(EvalRecipe(model="scripted:oracle", catalog="sample", prompt="examples"))
        assert workspace.jobs.all() == []


def test_an_evaluation_asks_with_them_where_it_is_told_to(tmp_path: Path, serve: Callable[..., StubServer]) -> None:
    server = serve(script=lambda number, body: says("None of the tools fits this request."))
    with open_workspace(tmp_path / "workspace") as workspace:
        workspace.catalogs.put(a_catalog())
        read = {}
        for prompt in get_args(Prompt):
            recipe = EvalRecipe(model=f"openai:m@{server.url}", catalog="sample", count=1, prompt=prompt, run=prompt)
            done = workspace.jobs.wait(workspace.evaluation.start(recipe).id, timeout_seconds=120)
            assert done.state == "succeeded", done.error
            read[prompt] = server.requests[-1]["messages"][0]["content"]
        assert read["examples"].endswith(worked_examples())
        assert "Library_LendBook" not in read["plain"]
