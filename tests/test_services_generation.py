"""What people say of pairs and of closeness, the next preview obeys, and the run makes what the preview showed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import CatalogError, DataError, ModelError
from diaforge_core.generator.costs import Expected, tokens_in
from diaforge_core.generator.identity import versions
from diaforge_core.generator.recipe import Recipe, SpendingLimits
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.scenario import Scenario
from diaforge_core.services.generation import crowding, over_words
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import wide_catalog
from .obedient_model import counting_tokens
from .stub_server import StubServer

GOAL = "CreateLead"


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(wide_catalog())
        yield opened


def previewed(workspace: Workspace, **fields: object) -> list[Scenario]:
    recipe = Recipe.model_validate({"catalog": "wide", "goal_tools": (GOAL,), "no_tool_share": 0.3} | fields)
    return [dialogue.scenario for dialogue in workspace.generation.preview("wide", recipe, 8)]


def test_the_next_preview_obeys_a_pin_a_ban_and_their_end(workspace: Workspace):
    first = previewed(workspace)
    assert not all("ListShipments" in scenario.distractors for scenario in first)
    workspace.catalogs.pair_as("wide", "ListShipments", GOAL, "pinned", who="Ana")
    assert all("ListShipments" in scenario.distractors for scenario in previewed(workspace))
    common = max((name for scenario in first for name in scenario.distractors), key=lambda name: sum(
        name in scenario.distractors for scenario in first
    ))  # fmt: skip
    workspace.catalogs.pair_as("wide", common, GOAL, "banned", who="Ana")
    assert not any(common in scenario.distractors for scenario in previewed(workspace))
    workspace.catalogs.pair_as("wide", common, GOAL, None)
    workspace.catalogs.pair_as("wide", "ListShipments", GOAL, None)
    assert previewed(workspace) == first


def test_a_run_makes_what_the_preview_showed_bounds_and_pairs_included(workspace: Workspace):
    workspace.catalogs.pair_as("wide", "ListShipments", GOAL, "pinned", who="Ana")
    fields = {"near_floor": 0.25, "near_ceiling": 0.8, "neighbours": 30, "dataset": "bound", "count": 8}
    shown = previewed(workspace, **fields)
    recipe = Recipe.model_validate({"catalog": "wide", "goal_tools": (GOAL,), "no_tool_share": 0.3} | fields)
    run = workspace.jobs.wait(workspace.generation.start(recipe).id)
    made = [row["dialogue"]["scenario"]["id"] for row in workspace.jobs.folder(run.id).rows()]
    assert made == [scenario.id for scenario in shown]


def test_what_leaves_no_scenario_is_refused_before_a_run_is_made(workspace: Workspace):
    with pytest.raises(CatalogError, match="Lower the floor"):
        workspace.generation.start(Recipe(catalog="wide", dataset="none", near_floor=0.99))
    with pytest.raises(CatalogError, match=r"at least 0\.6 and at most 0\.4"):
        workspace.generation.start(Recipe(catalog="wide", dataset="none", near_floor=0.6, near_ceiling=0.4))
    assert not workspace.jobs.all()


def test_an_estimate_names_the_tiers_that_bounds_take_away(workspace: Workspace):
    guess = workspace.generation.estimate(Recipe(catalog="wide", near_floor=0.51), sample=2)
    assert guess.unavailable_tiers
    assert sum(guess.tiers.values()) == pytest.approx(50, abs=2)


def made(workspace: Workspace, count: int = 12) -> list[Dialogue]:
    run = workspace.generation.start(Recipe(catalog="wide", dataset="talks", count=count, seed=4))
    assert workspace.jobs.wait(run.id).state == "succeeded"
    return workspace.datasets.load("talks")


def test_a_run_notes_who_plays_and_which_versions_are_at_work(workspace: Workspace):
    run = workspace.generation.start(Recipe(catalog="wide", dataset="noted", count=1))
    assert run.config["models"] == {"assistant": "scripted:oracle"}
    assert run.config["versions"] == versions().model_dump(mode="json")
    with pytest.raises(ModelError, match="not a model spec"):
        workspace.generation.start(Recipe(catalog="wide", dataset="other", critic="no such thing"))
    assert "other" not in {info.name for info in workspace.datasets.names()}


def test_an_estimate_is_within_a_quarter_of_the_truth(workspace: Workspace):
    recipe = Recipe(catalog="wide", dataset="talks", count=150, seed=9)
    guess = workspace.generation.estimate(recipe)
    run = workspace.jobs.wait(workspace.generation.start(recipe).id)
    turns = sum(dialogue.assistant_turns for dialogue in workspace.datasets.load("talks", "all"))
    assert guess.accepted == pytest.approx(run.result["accepted"], rel=0.25)
    assert guess.assistant_turns == pytest.approx(turns, rel=0.25)


def test_a_dialogue_played_anew_keeps_its_beginning_and_its_history(workspace: Workspace):
    old = next(dialogue for dialogue in made(workspace) if len(dialogue.turns) >= 5)
    new = workspace.generation.regenerate(old.id, 2, seed=1, who="Ana")
    assert new.turns[:2] == old.turns[:2]
    assert new.turns[2:] != old.turns[2:]
    assert (new.version, new.passed, new.scenario) == (2, True, old.scenario)
    assert workspace.review.history(old.id)[-1].reason == "played anew from turn 3"
    assert workspace.review.versions(old.id)[0] == old
    again = workspace.generation.regenerate(old.id, 2, seed=2, who="Ana")
    assert again.turns != new.turns
    workspace.review.undo("Ana")
    workspace.review.undo("Ana")
    assert workspace.review.get(old.id).dialogue.turns == old.turns


@pytest.mark.parametrize("turn", [-1, 99])
def test_a_turn_that_is_not_there_is_one_message(workspace: Workspace, turn: int):
    old = made(workspace, 2)[0]
    with pytest.raises(DataError, match="it has"):
        workspace.generation.regenerate(old.id, turn)
    assert workspace.review.get(old.id).dialogue.version == 1


def test_every_turn_of_a_dialogue_can_be_played_anew(workspace: Workspace):
    old = made(workspace, 3)[0]
    for turn in range(len(old.turns)):
        new = workspace.generation.regenerate(old.id, turn)
        assert new.turns[:turn] == old.turns[:turn]
        workspace.review.undo("someone")


def test_a_crowded_machine_takes_longer_and_one_with_cores_to_spare_does_not(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("os.cpu_count", lambda: 4)
    monkeypatch.setattr("psutil.getloadavg", lambda: (1.2, 1.0, 1.0))
    assert crowding(2) == 1.0
    monkeypatch.setattr("psutil.getloadavg", lambda: (7.0, 7.0, 7.0))
    assert crowding(2) == 2.0


def test_the_limit_that_is_reached_first_is_named_with_how_far_it_lets_a_run_come():
    expected = Expected(calls=400, prompt_tokens=90_000, completion_tokens=10_000, money=2.0)
    assert over_words(SpendingLimits(calls=400, tokens=100_000, money=2.0), expected) == ""
    said = over_words(SpendingLimits(calls=300, tokens=25_000), expected)
    assert said == "The limit of 25,000 tokens ends it after about 25% of the scenarios."
    assert "1 in money ends it after about 50%" in over_words(SpendingLimits(money=1.0), expected)


def test_what_servers_are_asked_is_told_within_a_quarter_before_a_run_and_by_a_preview(
    workspace: Workspace, serve: Callable[..., StubServer]
):
    spec = f"openai:small@{serve(script=counting_tokens(tokens_in)).url}"
    prices = {"small": {"prompt": 1.0, "completion": 4.0}}
    fields = {"catalog": "wide", "dataset": "asked", "count": 40, "words": spec, "critic": spec, "prices": prices}
    recipe = Recipe.model_validate(fields)
    guess = workspace.generation.estimate(recipe)
    preview = workspace.jobs.wait(workspace.generation.start_preview(recipe).id)
    assert workspace.generation.preview_run(recipe) == preview
    assert workspace.generation.preview_run(recipe.model_copy(update={"seed": 5})) is None
    better = workspace.generation.estimate(recipe)
    run = workspace.jobs.wait(workspace.generation.start(recipe).id)
    assert run.state == "succeeded", run.error
    spent = run.result["spent"]
    for told in (guess, better):
        assert told.calls == pytest.approx(spent["calls"] + spent["cache_hits"], rel=0.25)
        assert told.tokens == pytest.approx(sum(spent["tokens"].values()), rel=0.25)
        assert told.money == pytest.approx(spent["money"], rel=0.25)
    assert {info.name for info in workspace.datasets.names()} == {"asked", "asked-preview"}
