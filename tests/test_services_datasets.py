"""A dataset's coverage, variety, profile and card, and what is done about gaps and duplicates."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from diaforge_core.errors import DataError
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.base import content_id
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import wide_catalog

COUNT = 40


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Forty dialogues over a catalog of forty tools, made by a run; tests add datasets of their own."""
    with open_workspace(tmp_path_factory.mktemp("datasets") / "workspace") as opened:
        opened.catalogs.put(wide_catalog())
        run = opened.generation.start(Recipe(catalog="wide", dataset="talks", count=COUNT, seed=3))
        assert opened.jobs.wait(run.id).state == "succeeded"
        yield opened


def paraphrases(dialogue: Dialogue, count: int) -> list[Dialogue]:
    """The dialogue again, each time with a word more at its beginning."""
    words = ("Hello", "Hi", "Morning", "Hey", "Greetings", "Evening")[:count]
    return [
        Dialogue.model_validate(
            dialogue.model_dump()
            | {
                "id": content_id(dialogue.id, word),
                "turns": (
                    dialogue.turns[0].model_copy(update={"reply": f"{word}! {dialogue.turns[0].reply}"}),
                    *dialogue.turns[1:],
                ),
            }
        )
        for word in words
    ]


def test_the_grid_counts_every_kept_dialogue_once_on_every_axis(workspace: Workspace):
    kept = workspace.datasets.info("talks").kept
    for axis in ("tier", "withheld", "style"):
        grid = workspace.coverage.grid("talks", axis)
        assert sum(row.produced for row in grid.rows) == grid.kept == kept


def test_a_plan_for_the_gaps_makes_what_they_lack_and_the_run_fills_them(workspace: Workspace):
    workspace.datasets.create("gaps", catalog=workspace.catalogs.get("wide"))
    workspace.datasets.add("gaps", workspace.datasets.load("talks")[:20])
    before = workspace.coverage.grid("gaps", wanted=60)
    lacking = [row for row in before.rows if row.missing][:3]
    plan = workspace.coverage.plan("gaps", "tier", lacking)
    assert plan.recipe is not None
    assert plan.missing == sum(row.missing for row in lacking if row not in plan.out_of_reach)
    assert {name for row in lacking for name in row.tools} >= set(plan.recipe.goal_tools)
    assert workspace.jobs.wait(workspace.generation.start(plan.recipe).id).state == "succeeded"
    after = {(row.cluster, row.column): row.missing for row in workspace.coverage.grid("gaps", wanted=60).rows}
    left = sum(after[row.cluster, row.column] for row in lacking if row not in plan.out_of_reach)
    assert left < plan.missing / 2
    again = workspace.coverage.plan("gaps", "tier", before.rows).recipe
    assert again is not None
    assert again.seed != plan.recipe.seed


def test_a_plan_for_styles_draws_those_that_lack(workspace: Workspace):
    grid = workspace.coverage.grid("talks", "style", wanted=200)
    formal = [row for row in grid.rows if row.column == "formal" and row.missing]
    recipe = workspace.coverage.plan("talks", "style", formal).recipe
    assert recipe is not None
    assert recipe.styles == ("formal",)


def test_a_cell_that_nothing_can_fill_is_said_to_be_out_of_reach(workspace: Workspace):
    grid = workspace.coverage.grid("talks", wanted=4_000)
    deletes = [row for row in grid.rows if row.column == "hard"]
    plan = workspace.coverage.plan("talks", "tier", deletes)
    reached = {name for row in deletes if row not in plan.out_of_reach for name in row.tools}
    assert set(plan.recipe.goal_tools if plan.recipe else ()) == reached


def test_a_full_grid_needs_no_plan(workspace: Workspace):
    grid = workspace.coverage.grid("talks", wanted=1)
    assert workspace.coverage.plan("talks", "tier", grid.rows).recipe is None


def test_a_dataset_of_no_catalog_has_no_grid(workspace: Workspace):
    workspace.datasets.create("nothing")
    with pytest.raises(DataError, match="names no catalog"):
        workspace.coverage.grid("nothing")


def test_five_planted_paraphrases_are_one_cluster_of_which_one_is_kept_and_the_others_come_back(workspace: Workspace):
    kept = workspace.datasets.load("talks")
    workspace.datasets.create("again", catalog=workspace.catalogs.get("wide"))
    planted = paraphrases(kept[0], 5)
    workspace.datasets.add("again", [*kept[1:20], *planted])
    clusters = workspace.variety.report("again").diversity.near_duplicates
    assert clusters == (tuple(dialogue.id for dialogue in planted),)
    assert any("4 of 24" in warning for warning in workspace.exports.warnings("again"))
    rejected = workspace.variety.keep_one(clusters[0], planted[2].id, "Ana")
    assert set(rejected) == {dialogue.id for dialogue in planted} - {planted[2].id}
    assert workspace.variety.report("again").diversity.near_duplicates == ()
    assert workspace.review.history(rejected[0])[-1].reason.endswith(planted[2].id)
    workspace.variety.bring_back(rejected, "Ana")
    assert workspace.variety.report("again").diversity.near_duplicates == clusters


def test_a_duplicate_that_people_accepted_is_not_thrown_away(workspace: Workspace):
    planted = paraphrases(workspace.datasets.load("talks")[21], 3)
    workspace.datasets.create("liked", catalog=workspace.catalogs.get("wide"))
    workspace.datasets.add("liked", planted)
    ids = [dialogue.id for dialogue in planted]
    workspace.review.decide(ids[1], 1, "accept", "", "Ana")
    with pytest.raises(DataError, match="accepted by people"):
        workspace.variety.keep_one(ids, ids[0], "Ben")
    assert workspace.datasets.info("liked").kept == 3
    assert workspace.variety.keep_one(ids, ids[1], "Ben") == [ids[0], ids[2]]


def test_a_profile_adds_up_to_the_dataset(workspace: Workspace):
    info = workspace.datasets.info("talks")
    found = workspace.profiles.profile("talks")
    assert (found.dialogues, found.kept) == (info.dialogues, info.kept)
    assert sum(found.tiers.values()) == sum(found.turns.values()) == found.kept
    assert sum(found.rejected.values()) == found.dialogues - found.passed
    assert found.tools == 40
    assert 1 <= found.tools_covered <= 40
    assert found.variety.phrases.dialogues == found.kept


def test_the_card_names_the_run_its_seed_and_what_was_loaded_from_a_file(workspace: Workspace):
    found = workspace.profiles.identity("talks")
    assert [run.seed for run in found.runs] == [3]
    assert found.runs[0].versions == found.written_by
    assert found.without_run == 0
    assert "| seed | 3 |" in workspace.exports.card("talks")


def test_what_was_loaded_from_a_file_is_traced_to_its_run_if_that_is_here_and_counted_if_not(workspace: Workspace):
    kept = workspace.datasets.load("talks")[:3]
    foreign = Dialogue.model_validate(kept[0].model_dump() | {"id": "foreign", "trace": "elsewhere"})
    lines = [dialogue.model_dump_json() + "\n" for dialogue in (*kept, foreign)]
    workspace.datasets.load_file("".join(lines).encode(), "loaded")
    found = workspace.profiles.identity("loaded")
    assert [run.seed for run in found.runs] == [3]
    assert found.without_run == 1
    assert "loaded from a file): 1" in workspace.exports.card("loaded")


def test_the_parts_of_a_split_name_the_run_that_made_the_whole(workspace: Workspace):
    parts = workspace.datasets.split("talks")
    found = workspace.profiles.identity(parts.train_dataset)
    assert found.parent == "talks"
    assert [run.seed for run in found.runs] == [3]
    assert found.without_run == 0


def test_a_seed_below_zero_is_refused_before_anything_is_split(workspace: Workspace):
    with pytest.raises(DataError, match="seed of -1"):
        workspace.datasets.split("talks", seed=-1)


def test_an_export_warns_of_what_repeats_and_names_what_made_it(workspace: Workspace, tmp_path: Path):
    again = paraphrases(workspace.datasets.load("talks")[30], 4)
    workspace.datasets.create("echo", catalog=workspace.catalogs.get("wide"))
    workspace.datasets.add("echo", again)
    done = COMMANDS["export"](
        workspace, {"dataset": "echo", "format": "trl", "out": str(tmp_path / "echo.jsonl")}, lambda _: None
    )
    assert done["rows"] == 4
    assert done["warnings"] == ["3 of 4 dialogues say the same as another one."]
    assert "- 3 of 4 dialogues" in workspace.exports.card("echo")
