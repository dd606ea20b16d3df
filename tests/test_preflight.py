"""What a run was measured to need is what it then needs, and a change that is offered fits."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest

from diaforge_core.conversation.verifiers import cascade
from diaforge_core.errors import DataError, ModelError
from diaforge_core.services import preflight as looking
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store import traces as table
from diaforge_core.training import preflight
from diaforge_core.training.examples import Example
from diaforge_core.training.preflight import Measured, fullest_rows, host_memory, ordinary_row

from .factories import a_catalog, a_dialogue, a_scenario


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """Three kept dialogues, one of them longer than the others."""
    three = a_scenario().candidates
    scenarios = [a_scenario(), a_scenario(seed=8), a_scenario(candidates=(*three, "CRM_DeleteLead"))]
    with open_workspace(tmp_path_factory.mktemp("preflight") / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        opened.datasets.create("d")
        opened.datasets.add("d", [cascade(a_dialogue(scenario), a_catalog()) for scenario in scenarios])
        assert opened.datasets.info("d").kept == 3
        yield opened


def example(name: str, tokens: int) -> Example:
    return Example(name, tuple(range(tokens)), ())


def a_measurement(**changes) -> Measured:
    fields = {
        "device": "cpu",
        "device_bytes": 10_000,
        "free_bytes": 8_000,
        "peaks": ((100, 1_000), (300, 3_000), (500, 7_000)),
        "fullest": 500,
        "row_tokens": 500,
        "seconds_per_token": 0.1,
        "start_seconds": 2.0,
        "sizes": (100, 200, 400),
        "target_tokens": 60,
        "longest_dialogue": "c",
        "weight_bytes": 0,
        "optimizer_bytes": 0,
    }
    return Measured.model_validate(fields | changes)


def test_the_fullest_rows_are_packed_as_a_batch_of_the_longest_dialogues_is() -> None:
    examples = [example("a", 100), example("b", 500), example("c", 250), example("d", 200), example("e", 50)]
    assert [[one.dialogue for one in row] for row in fullest_rows(examples, 800, 4)] == [["b", "c"], ["d", "a"]]
    assert [[one.dialogue for one in row] for row in fullest_rows(examples, 800, 1)] == [["b"]]
    assert len(fullest_rows(examples, 100, 5)) == 3


def test_an_ordinary_row_is_neither_the_shortest_nor_the_longest() -> None:
    examples = [example(str(size), size) for size in range(10, 110, 10)]
    row = ordinary_row(examples, 100, 2)
    assert {one.dialogue for one in row} <= {"30", "80"}


def test_between_measured_rows_the_peak_lies_on_a_line_and_beyond_them_it_goes_on() -> None:
    measured = a_measurement()
    assert [measured.peak_at(tokens) for tokens in (100, 200, 300, 400, 500)] == [1_000, 2_000, 3_000, 5_000, 7_000]
    assert measured.peak_at(600) == 9_000
    assert measured.was_tried
    assert not a_measurement(fullest=501).was_tried


@pytest.mark.parametrize("problem", [RuntimeError("CUDA out of memory. Tried to allocate"), MemoryError()])
def test_memory_that_runs_out_outside_a_row_means_that_it_does_not_fit(
    problem: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(preflight, "_try", a_failure(problem))
    assert preflight._try_rows(None, [(1, [])], None, "cpu", False, 0.0) == []  # pyright: ignore[reportArgumentType]


def test_any_other_problem_of_a_trial_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preflight, "_try", a_failure(RuntimeError("shapes differ")))
    with pytest.raises(RuntimeError, match="shapes differ"):
        preflight._try_rows(None, [(1, [])], None, "cpu", False, 0.0)  # pyright: ignore[reportArgumentType]


def a_failure(problem: Exception):
    def fails(*_: object) -> None:
        raise problem

    return fails


def test_the_peak_and_the_tokens_are_those_of_the_run_that_follows(workspace: Workspace) -> None:
    recipe = TrainRecipe(dataset="d", run="real", model="smollm2", max_steps=2, batch_size=2)
    assert workspace.preflight.known(recipe) is None
    found = workspace.preflight.measure(recipe)
    run = workspace.jobs.wait(workspace.training.start(recipe).id)
    assert run.state == "succeeded"
    assert found.needs == pytest.approx(run.result["peak_memory_bytes"], rel=0.1)
    totals = workspace.training.totals(run.id)
    assert (found.measured.tokens, found.measured.target_tokens) == (totals["tokens"], totals["target_tokens"])
    assert found.measured.longest == totals["longest"]
    masks = [workspace.masks.preview(recipe, str(number + 1)) for number in range(totals["dialogues"])]
    assert sum(mask.tokens for mask in masks) == totals["tokens"]
    assert sum(mask.target_tokens for mask in masks) == totals["target_tokens"]
    longer = workspace.preflight.known(TrainRecipe(dataset="d", run="other", max_steps=40, batch_size=2))
    assert longer is not None
    disk = sum(one.stat().st_size for one in workspace.jobs.folder(run.id).trained.rglob("*") if one.is_file())
    assert found.disk_needs < disk < 1.1 * found.disk_needs
    assert longer.disk_needs > found.disk_needs
    started = found.measured.start_seconds
    assert longer.seconds - started == pytest.approx(20 * (found.seconds - started))


def test_a_smaller_run_is_offered_only_as_far_as_it_fits(workspace: Workspace, tiny_llama_dir: Path) -> None:
    recipe = TrainRecipe(dataset="d", run="r", model=f"hf:{tiny_llama_dir}", batch_size=3, full=True)
    found = workspace.preflight.measure(recipe)
    change = workspace.preflight.change_that_fits(recipe, found.needs)
    assert change is not None
    assert change.needs <= found.needs
    assert workspace.preflight.change_that_fits(recipe, 1) is None


def test_the_command_that_measures_says_what_the_run_needs_and_starts_none(
    workspace: Workspace, tiny_llama_dir: Path
) -> None:
    asked = {"dataset": "d", "run": "r", "model": f"hf:{tiny_llama_dir}", "batch_size": 3}
    before = workspace.training.runs()
    said = COMMANDS["train measure"](workspace, asked, lambda run: None)
    found = workspace.preflight.known(TrainRecipe.model_validate(asked))
    assert found is not None
    assert (said["needs"], said["fits"], said["steps"]) == (found.needs, True, 1)
    assert 0 < said["target_tokens"] < said["tokens"]
    assert workspace.training.runs() == before


def test_what_was_measured_is_asked_anew_when_data_choices_or_machine_change(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = TrainRecipe(dataset="d", run="r", model=f"hf:{tiny_llama_dir}", batch_size=2)
    workspace.preflight.measure(recipe)
    assert workspace.preflight.known(recipe)
    assert workspace.preflight.known(recipe.model_copy(update={"layout": "slices"})) is None
    first = workspace.masks.ids("d")[0]
    workspace.review.decide(first, 1, "reject", "wrong goal", "Ana")
    assert workspace.preflight.known(recipe) is None
    workspace.review.undo("Ana")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "another")
    assert workspace.preflight.known(recipe) is None


def test_what_is_free_is_looked_up_at_each_look_and_the_rest_measured_again_when_asked(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = TrainRecipe(dataset="d", run="r", model=f"hf:{tiny_llama_dir}", batch_size=2)
    found = workspace.preflight.measure(recipe)
    assert found.measured.device == "cpu"
    for free, fits in ((found.needs, False), (2 * found.needs, True)):
        monkeypatch.setattr(looking, "host_memory", lambda free=free: (found.measured.device_bytes, free))
        monkeypatch.setattr(looking, "_machine", lambda: ["this"])
        known = looking._preflight(recipe, found.measured, workspace.folder)
        assert (known.free, known.fits) == (free, fits)
    slower = found.measured.model_copy(update={"seconds_per_token": 9.0})
    monkeypatch.setattr(looking, "run_model_task", lambda *_: slower.model_dump(mode="json"))
    assert workspace.preflight.measure(recipe).measured.seconds_per_token == 9.0
    monkeypatch.setattr(looking, "run_model_task", lambda *_: found.measured.model_dump(mode="json"))
    assert workspace.preflight.measure(recipe).measured.seconds_per_token == 9.0
    assert workspace.preflight.measure(recipe, again=True).measured == found.measured


def test_without_torch_nothing_is_known_and_nothing_fails(
    workspace: Workspace, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_torch = looking._machine()
    monkeypatch.setattr(looking, "distributions", lambda name: [])
    assert len(looking._machine()) == len(with_torch) - 1
    assert workspace.preflight.known(TrainRecipe(dataset="d", run="r", model=f"hf:{tiny_llama_dir}")) is None


def test_what_others_in_a_container_hold_is_not_free_but_files_that_were_read_are(tmp_path: Path) -> None:
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("2000000\n")
    (tmp_path / "memory.stat").write_text("anon 1500000\ninactive_file 500000\n")
    assert host_memory(tmp_path) == (3_000_000, 1_500_000)
    (tmp_path / "memory.max").write_text("max\n")
    assert host_memory(tmp_path)[0] == psutil.virtual_memory().total


def test_pairs_are_measured_as_the_run_that_follows_reads_them(workspace: Workspace, tiny_llama_dir: Path) -> None:
    workspace.datasets.create("one", catalog=a_catalog())
    workspace.datasets.add("one", workspace.datasets.load("d")[:1])
    given = {"dataset": "one", "run": "pairs", "model": f"hf:{tiny_llama_dir}", "stage": "preference", "batch_size": 2}
    recipe = TrainRecipe.model_validate(given | {"validation": "one"})
    found = workspace.preflight.measure(recipe)
    run = workspace.jobs.wait(workspace.training.start(recipe).id)
    assert run.state == "succeeded", workspace.jobs.log(run.id)
    assert found.needs == pytest.approx(run.result["peak_memory_bytes"], rel=0.1)
    totals = workspace.training.totals(run.id)
    pairs = workspace.jobs.folder(run.id).pairs()
    assert totals["pairs"] == len(pairs) == len(found.measured.sizes)
    assert (found.measured.tokens, found.measured.target_tokens) == (totals["tokens"], totals["target_tokens"])
    assert run.result["target_tokens"] == totals["target_tokens"]
    assert (found.steps, found.measured.longest) == (run.result["steps"], totals["longest"])


def test_fewer_pairs_a_step_are_the_smallest_change_of_the_preference_stage(workspace: Workspace) -> None:
    recipe = TrainRecipe(dataset="d", run="r", stage="preference", batch_size=8, full=True)
    measured = a_measurement(sizes=(100,) * 5, peaks=((100, 1_000), (500, 7_000)))
    changes = [change.fields for change in workspace.preflight._changes(recipe, measured, 2_500)]
    lighter = [{"precision": "bfloat16", "batch_size": 1}, {"full": False, "batch_size": 1}]
    assert changes == [{"batch_size": 2}, {"batch_size": 1}, *lighter]


def test_a_disk_with_too_little_room_is_said(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = TrainRecipe(dataset="d", run="r", batch_size=1, epochs=10, checkpoint_every=2)
    measured = a_measurement(weight_bytes=100, optimizer_bytes=200)
    judged = recipe.model_copy(update={"validation": "v"})
    once = recipe.model_copy(update={"checkpoint_every": 30})
    sizes = [looking._preflight(each, measured, workspace.folder).disk_needs for each in (recipe, judged, once)]
    assert sizes == [3 * 300, 4 * 300, 300 + 100]
    for free, fits in ((900, False), (1000, True)):
        monkeypatch.setattr(looking.shutil, "disk_usage", lambda _, free=free: SimpleNamespace(free=free))
        assert looking._preflight(recipe, measured, workspace.folder).fits_disk == fits


def test_pairs_of_an_evaluation_that_grows_are_asked_for_anew(workspace: Workspace) -> None:
    asked = EvalRecipe(model="scripted:eager", run="eager", scenarios="d", count=1)
    run = workspace.jobs.wait(workspace.evaluation.start(asked).id)
    recipe = TrainRecipe(dataset="d", run="r", stage="preference", pairs="eager")
    before = workspace.training.stamp(recipe)
    (trace,) = workspace.traces.of_run("eager")
    with workspace.database.write() as cursor:
        table.add(cursor, run.id, [trace.model_copy(update={"id": "another"})])
    assert workspace.training.stamp(recipe) != before


def test_the_steps_of_the_preference_stage_are_counted_by_pairs(workspace: Workspace) -> None:
    recipe = TrainRecipe(dataset="d", run="r", stage="preference", batch_size=2, epochs=2)
    told = workspace.datasets.load("d")
    turns = sum(turn.speaker == "assistant" for dialogue in told for turn in dialogue.turns)
    assert workspace.preflight.pair_steps(recipe) == (turns, 2 * -(-turns // 2))


def test_leaving_dialogues_out_makes_a_dataset_beside_the_old_one(workspace: Workspace) -> None:
    ids = workspace.masks.ids("d")
    name = workspace.preflight.leave_out("d", (ids[0],))
    assert name == "d-shorter"
    assert workspace.masks.ids(name) == ids[1:]
    assert workspace.masks.ids("d") == ids
    with pytest.raises(DataError, match="would be empty"):
        workspace.preflight.leave_out("d", tuple(ids))


@pytest.mark.parametrize(
    ("which", "said"), [("0", "no dialogue '0'"), ("99", "1 to"), ("zz", "no dialogue 'zz'"), ("", "no dialogue")]
)
def test_a_dialogue_that_is_not_there_is_one_message(workspace: Workspace, which: str, said: str) -> None:
    with pytest.raises(DataError, match=said):
        workspace.masks.preview(TrainRecipe(dataset="d", run="r"), which)


def test_a_model_that_is_not_here_is_one_message(workspace: Workspace) -> None:
    with pytest.raises(ModelError, match="no model folder"):
        workspace.preflight.measure(TrainRecipe(dataset="d", run="r", model="hf:/nowhere"))
