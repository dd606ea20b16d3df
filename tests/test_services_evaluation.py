"""Evaluations of a workspace: where scenarios come from, looks at a test part, faults, what is made of failures."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from diaforge_core.conversation.assistants import scripted_assistant
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import CatalogError, DataError, NotAllowed
from diaforge_core.evaluation.baselines import BASELINES
from diaforge_core.generator.recipe import Recipe
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.run import Run
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.evaluation import EvalRecipe, Measurements
from diaforge_core.services.failures import KEPT_PAIRS
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import wide_catalog
from .stub_server import StubServer, says

Serve = Callable[..., StubServer]

TEST = "made-held-out"


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Twelve dialogues, a test part, and the runs `guess` (eager, on all) and `test` (random, on the test part)."""
    catalog = wide_catalog()
    pairs = UTCGen(catalog).generate(catalog, draw_scenarios(catalog, 12, 5), scripted_assistant("scripted:oracle"))
    with open_workspace(tmp_path_factory.mktemp("evaluation") / "workspace") as opened:
        opened.catalogs.put(catalog)
        opened.datasets.create("made", catalog=catalog)
        opened.datasets.add("made", [dialogue for _, dialogue in pairs])
        opened.datasets.create(TEST, parent="made", part="test", catalog=catalog)
        opened.datasets.add(TEST, opened.datasets.load("made")[:2])
        opened.datasets.create("other", catalog=catalog)
        opened.datasets.add("other", opened.datasets.load("made")[2:])
        evaluated(opened, model="scripted:eager", scenarios="other", run="guess")
        evaluated(opened, model="scripted:random", scenarios=TEST, run="test")
        yield opened


def evaluated(workspace: Workspace, **recipe: object) -> Run:
    run = workspace.evaluation.start(EvalRecipe.model_validate(recipe), who="Ana")
    return workspace.jobs.wait(run.id)


def failed(workspace: Workspace, run: str = "guess", **filters: object) -> str:
    """Id of a trace of a run with a call of a near-duplicate."""
    frame, _ = workspace.traces.page({"run": run, "outcome": "wrong_near_duplicate"} | filters)
    return frame["id"].iloc[0]


def accuracy(numbers: Measurements) -> tuple[float, int]:
    found = numbers.without_faults["acc"]
    assert found is not None
    return found.value, found.n


# --- where scenarios come from ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("history", ["gold", "own"])
def test_a_static_evaluation_plays_the_stored_turns(workspace: Workspace, history: str):
    run = evaluated(workspace, model="scripted:oracle", scenarios="other", static=history, run=f"static {history}")
    traces = workspace.traces.of_run(run.id)
    stored = {dialogue.scenario.id: dialogue.turns for dialogue in workspace.datasets.load("other")}
    assert (run.state, len(traces)) == ("succeeded", len(stored))
    for trace in traces:
        said = [turn.reply for turn in stored[trace.scenario.id] if turn.speaker == "user"]
        assert [turn.reply for turn in trace.turns if turn.speaker == "user"] == said
        assert trace.user == f"stored turns, {history} history"
    assert run.result["acc"]["value"] == 1


@pytest.mark.parametrize(
    ("recipe", "words"),
    [
        ({"catalog": "wide", "static": "own"}, "Name the dataset"),
        ({"scenarios": "other", "static": "own", "trials": 2}, "one trial"),
        ({"scenarios": "other", "again": "guess"}, "Give either"),
        ({"again": "guess", "holding": ("Nothing",)}, "needs or offers 'Nothing'"),
        ({"again": "nothing"}, "no run 'nothing'"),
    ],
)
def test_what_cannot_be_evaluated_says_why(workspace: Workspace, recipe: dict[str, object], words: str):
    with pytest.raises(DataError, match=words):
        workspace.evaluation.start(EvalRecipe.model_validate({"model": "scripted:eager"} | recipe))


def test_a_reworded_tool_is_evaluated_again_where_it_stands(workspace: Workspace):
    tool = workspace.traces.get(failed(workspace)).scenario.goal_tool
    assert workspace.evaluation.changed("guess") == {}
    catalog = workspace.catalogs.reword("wide", tool, "Something quite different", "Nothing like it.", who="Ana")
    (changed, affected), *others = workspace.evaluation.changed("guess").items()
    assert (changed, others) == (tool, [])
    run = workspace.evaluation.again("guess", [tool], who="Ana")
    assert workspace.jobs.wait(run.id).state == "succeeded"
    played = [trace.scenario for trace in workspace.traces.of_run(run.id)]
    assert len(played) == affected < 10
    assert all(tool in (scenario.goal_tool, *scenario.candidates) for scenario in played)
    assert {scenario.catalog_version for scenario in played} == {catalog.version}
    assert workspace.evaluation.compare(run.name, "guess").scenarios == len(played)
    workspace.catalogs.undo("wide", who="Ana")
    assert workspace.evaluation.changed("guess") == {}


def test_scenarios_of_a_tool_that_the_catalog_lost_are_one_message(workspace: Workspace):
    tool = workspace.traces.get(failed(workspace)).scenario.goal_tool
    workspace.catalogs.leave_out("wide", [tool], who="Ana")
    with pytest.raises(CatalogError, match=rf"lacks 1[\s\S]*{tool}"):
        workspace.evaluation.again("guess", [tool])
    workspace.catalogs.put_back("wide", [tool], who="Ana")


def test_the_trend_has_every_finished_run_oldest_first(workspace: Workspace):
    points = workspace.evaluation.trend("ftr")
    assert [point.run for point in points[:2]] == ["guess", "test"]
    assert [point.line for point in points[:2]] == ["scripted:eager on other", f"scripted:random on {TEST}"]
    assert sorted(point.ended for point in points) == [point.ended for point in points]
    assert points[0].estimate.value == workspace.jobs.get("guess").result["ftr"]["value"]


# --- beside the numbers ----------------------------------------------------------------------------------------------


def test_the_baselines_stand_beside_every_result_but_their_own(workspace: Workspace, serve: Serve):
    assert "baselines" not in workspace.jobs.get("guess").result
    server = serve(script=lambda *_: says("None of the tools I have fits."))
    run = evaluated(workspace, model=f"openai:m@{server.url}", scenarios="other", count=3)
    assert list(run.result["baselines"]) == list(BASELINES)
    ceiling = workspace.evaluation.baselines(run.id)["oracle"]["acc"]
    assert ceiling is not None
    assert ceiling.value == 1
    assert workspace.evaluation.baselines("guess") == {}


def test_every_look_at_a_test_part_is_written_down(workspace: Workspace):
    before = workspace.looks.counts(TEST)[TEST]
    assert workspace.jobs.get("test").result["test_looks"] == {TEST: 1}
    again = evaluated(workspace, model="scripted:cautious", scenarios=TEST)
    copied = evaluated(workspace, model="scripted:cautious", scenarios="made", count=1)
    assert [run.result["test_looks"] for run in (again, copied)] == [{TEST: before + 1}, {TEST: before + 2}]
    assert workspace.looks.counts(TEST) == {TEST: before + 2}
    assert workspace.looks.counts("other") == {}
    assert "test_looks" not in workspace.jobs.get("guess").result


def test_a_renamed_test_part_keeps_its_looks(workspace: Workspace):
    before = workspace.looks.counts(TEST)[TEST]
    workspace.housekeeping.rename("dataset", TEST, "renamed", who="Ana")
    assert workspace.looks.counts("renamed") == {"renamed": before}
    workspace.housekeeping.rename("dataset", "renamed", TEST, who="Ana")
    assert workspace.looks.counts(TEST) == {TEST: before}


def test_confused_tools_are_found_with_their_traces(workspace: Workspace):
    worst = workspace.evaluation.confusions("guess", most=1)[0]
    wrong = {cell: ids for cell, ids in worst.cells.items() if cell[0] != cell[1]}
    assert sum(map(len, wrong.values())) == worst.confused > 0
    for (goal, called), ids in wrong.items():
        for trace in map(workspace.traces.get, ids):
            assert trace.scenario.goal_tool == goal
            assert next(turn.call.name for turn in trace.turns if turn.call) == called


# --- who was at fault ------------------------------------------------------------------------------------------------


def test_a_fault_mark_rescores_and_can_be_taken_back(workspace: Workspace):
    before = accuracy(workspace.evaluation.results("guess"))
    trace = failed(workspace)
    workspace.faults.mark(trace, "gold", "two tools do", who="Ana")
    marked = workspace.evaluation.results("guess")
    assert accuracy(marked) > before
    assert (accuracy(marked)[1], marked.blamed) == (before[1] - 1, {"gold": 1})
    workspace.faults.mark(trace, "agent", "it is clear", who="Bo")
    assert accuracy(workspace.evaluation.results("guess")) == before
    workspace.faults.take_back(trace, who="Ana")
    assert workspace.faults.of(trace) is None
    assert accuracy(workspace.evaluation.results("guess")) == before
    said = [(fault.blame, fault.why, fault.who) for fault in workspace.faults.history(trace)]
    assert said == [("gold", "two tools do", "Ana"), ("agent", "it is clear", "Bo"), (None, "", "Ana")]
    with pytest.raises(DataError, match="nothing to take back"):
        workspace.faults.take_back(trace)


def test_only_a_reviewer_marks_a_fault_of_a_trace_that_is_here(workspace: Workspace):
    with pytest.raises(DataError, match="no trace"):
        workspace.faults.mark("nothing", "user")
    workspace.people.give("Ana", "admin", who="Ana")
    with pytest.raises(NotAllowed, match="takes a reviewer"):
        workspace.faults.mark(failed(workspace), "user", who="Bo")
    workspace.notes.put(workspace.notes.known("role")[0].model_copy(update={"gone": True}))


def test_faults_and_looks_come_back_from_the_events_file(tmp_path: Path):
    with open_workspace(tmp_path / "w") as first:
        first.catalogs.put(wide_catalog())
        evaluated(first, model="scripted:eager", catalog="wide", count=4, run="guess")
        trace = failed(first)
        first.faults.mark(trace, "user", "it lied", who="Ana")
        first.looks.add(["part"], "run", "smollm2", "Ana")
        with first.database.write() as cursor:
            cursor.execute("DELETE FROM notes")
        assert first.faults.of(trace) is None
    with open_workspace(tmp_path / "w") as second:
        assert "2 notes were missing" in " ".join(second.notices)
        fault = second.faults.of(trace)
        assert fault is not None
        assert (fault.blame, fault.why, fault.who) == ("user", "it lied", "Ana")
        assert second.evaluation.results("guess").blamed == {"user": 1}


# --- from failure to data --------------------------------------------------------------------------------------------


def test_more_dialogues_like_a_failure_name_it_as_their_parent(workspace: Workspace):
    trace = workspace.traces.get(failed(workspace))
    run = workspace.jobs.wait(workspace.failures.make_more(trace.id, 6).id)
    dataset = run.config["recipe"]["dataset"]
    made = workspace.datasets.load(dataset, "all")
    assert (run.state, len(made)) == ("succeeded", 6)
    assert {dialogue.scenario.parent for dialogue in made} == {trace.id}
    assert {dialogue.scenario.tier for dialogue in made} == {trace.scenario.tier}
    goals = {dialogue.scenario.goal_tool for dialogue in made}
    assert goals <= {trace.scenario.goal_tool, *trace.scenario.candidates}
    assert workspace.failures.origin(made[0].scenario.parent) == trace.id
    assert workspace.failures.recipe(trace.id).seed != run.config["recipe"]["seed"]


def test_more_like_a_failure_have_its_behaviour_and_its_missing_tool(workspace: Workspace):
    dials = {dial for dialogue in workspace.datasets.load("other") if (dial := dialogue.scenario.dial)}
    wanted = failed(workspace, dial=sorted(dials))
    scenario = workspace.traces.get(wanted).scenario
    recipe = workspace.failures.recipe(wanted)
    assert (recipe.dials, recipe.dial_share, recipe.no_tool_share) == ((scenario.dial,), 1, 0)
    none_fits, _ = workspace.traces.page({"run": "guess", "outcome": "wrong_call"})
    assert workspace.failures.recipe(none_fits["id"].iloc[0]).no_tool_share == 1


def test_a_faulty_turn_waits_for_its_correction(workspace: Workspace):
    trace = workspace.traces.get(failed(workspace))
    waiting = workspace.failures.correct(trace.id, who="Ana")
    reviewed = workspace.review.get(waiting.dialogue)
    assert reviewed.dialogue.turns == trace.turns[: waiting.turn + 1]
    assert reviewed.dialogue.turns[waiting.turn].call is not None
    assert waiting.dialogue in workspace.review.queue(waiting.dataset, "failed")
    assert reviewed.dialogue.scenario.parent == trace.id
    mended = workspace.generation.regenerate(waiting.dialogue, waiting.turn, who="Ana")
    assert mended.passed
    assert workspace.review.queue(waiting.dataset, "pending") == [waiting.dialogue]
    with pytest.raises(DataError, match="no turn of the assistant"):
        workspace.failures.correct(trace.id, 0)


def test_a_kept_pair_is_what_the_preference_stage_learns_from(workspace: Workspace):
    recipe = TrainRecipe(dataset="other", model="smollm2", run="x", stage="preference", pairs=KEPT_PAIRS)
    with pytest.raises(DataError, match="No preference pair is kept"):
        workspace.training.pairs(recipe, [])
    trace = failed(workspace)
    kept = workspace.failures.keep_pair(trace, who="Ana")
    assert workspace.failures.is_kept(trace)
    assert workspace.training.pairs(recipe, []) == [kept]
    assert kept.rejected.turns[-1] == workspace.traces.get(trace).turns[len(kept.rejected.turns) - 1]
    stamp = workspace.training.stamp(recipe)
    workspace.failures.drop_pair(trace, who="Ana")
    assert workspace.training.stamp(recipe) != stamp
    assert workspace.failures.kept_pairs() == []


def test_nothing_is_learned_from_a_test_part(workspace: Workspace):
    frame, _ = workspace.traces.page({"run": "test"})
    for trace in frame["id"]:
        assert workspace.failures.test_part(trace) == TEST
        with pytest.raises(DataError, match="played on the test part"):
            workspace.failures.keep_pair(trace)
        with pytest.raises(DataError, match="played on the test part"):
            workspace.failures.correct(trace)


def test_a_conversation_that_went_right_makes_no_pair(workspace: Workspace):
    evaluated(workspace, model="scripted:oracle", scenarios="other", count=1, run="well")
    frame, _ = workspace.traces.page({"run": "well"})
    assert "went right" in workspace.failures.why_no_pair(frame["id"].iloc[0])
    with pytest.raises(DataError, match="makes no pair"):
        workspace.failures.keep_pair(frame["id"].iloc[0])


def test_the_recipe_of_a_failure_is_one_that_can_be_generated(workspace: Workspace):
    recipe = workspace.failures.recipe(failed(workspace), count=3, dataset="mine")
    assert Recipe.model_validate_json(recipe.model_dump_json()) == recipe
    assert len(workspace.generation.preview("wide", recipe, 3)) == 3


def test_all_of_it_is_done_by_command(workspace: Workspace):
    def do(command: str, **params: object) -> dict[str, object]:
        return COMMANDS[command](workspace, {"trace": trace, "who": "Ana"} | params, lambda run: None)

    trace = failed(workspace)
    assert do("traces fault", blame="user", why="it lied")["blame"] == "user"
    assert [said["blame"] for said in do("traces fault", blame="none", why="")["history"]][-2:] == ["user", None]  # pyright: ignore
    assert do("traces pair", drop=False)["kept"] == 1
    assert do("traces pair", drop=True)["kept"] == 0
    turn = do("traces correct", turn=None, dataset="by-command")["turn"]
    assert turn == workspace.failures.faulty_turn(trace) + 1
    assert do("traces more", count=2, dataset="two")["asked"] == 2
