"""Studies: a whole one with small parts, resumed after a kill, stopped by a leak, and told with absent rows."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from diaforge_core import cli
from diaforge_core.errors import DataError, ModelError
from diaforge_core.evaluation.paper import PAPER
from diaforge_core.records.run import Run
from diaforge_core.services.studies import Studies
from diaforge_core.services.study_choices import StudyChoices
from diaforge_core.services.study_folder import StudyFolder
from diaforge_core.services.study_report import Example, as_markdown, check_facts, training_facts
from diaforge_core.services.study_steps import Steps
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, a_scenario, a_tool, a_trace, lead_turns

SMALL: dict[str, Any] = {
    "name": "s",
    "dialogues": 24,
    "scenarios": 3,
    "watch": 1,
    "comparisons": 1,
    "hours": 0,
    "validation": 0.2,
    "training": {"max_steps": 2, "lora_rank": 2},
}
"""A handful of dialogues and two steps of training."""
DATA = ("evaluate:oracle", "evaluate:cautious")
"""Steps that need no weights, and all that they stand on."""


@pytest.fixture
def workspace(tmp_path: Path, models_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Workspace]:
    monkeypatch.setattr("diaforge_core.services.study_steps.this_machine", lambda: MACHINE)
    monkeypatch.setattr("diaforge_core.services.study_steps.is_this_machine", lambda facts: True)
    with open_workspace(tmp_path / "workspace") as opened:
        yield opened


MACHINE = {
    "processor": "A | processor <b>", "cores": 2, "memory_bytes": 8e9, "system": "Linux", "half_precision": [],
    "device": "cpu", "cards": [], "versions": {"torch": "2.13.0"},
}  # fmt: skip


def begin(workspace: Workspace, model: Path, **given: Any) -> StudyChoices:
    return workspace.studies.begin(f"hf:{model}", "small", **(SMALL | given))


def states(workspace: Workspace, name: str = "s") -> dict[str, str]:
    return {stage.name: stage.state for stage in workspace.studies.stages(name)}


def test_a_small_study_runs_through_and_reports_itself(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir)
    report = workspace.studies.carry_on("s")
    done = states(workspace)
    assert {state for name, state in done.items() if not name.startswith(("ablation", "curve", "evaluate:ex"))} == {
        "done"
    }
    assert done["ablation:no-thought:train"] == "when asked for"
    rows = {row.title: row for row in report.rows}
    oracle, tuned, base = (rows[title].values["acc"] for title in ("script: oracle", "tuned", "base, plain prompt"))
    assert oracle
    assert tuned
    assert base
    assert (oracle.value, tuned.n) == (1.0, base.n)
    assert rows["tuned"].model.startswith("run:s tuned")
    assert rows["tuned, no thought"].absent == "not run"
    assert "base, decoding free" not in rows, "decoding is free already"
    assert report.best_base == "base, plain prompt"
    assert report.targets[0].met is False
    assert report.parts["train"] == report.curve[-1].dialogues
    assert report.check["clean"]
    assert set(report.besides) == {"base", "tuned"}
    told = workspace.studies.report_file("s").read_text(encoding="utf-8")
    assert all(name in told for name, *_ in PAPER)
    assert "A \\| processor \\<b\\>" in told
    assert [run.name for run in workspace.jobs.all() if run.kind == "train"] == ["s tuned"]
    before = [run.id for run in workspace.jobs.all()]
    workspace.studies.carry_on("s")
    assert [run.id for run in workspace.jobs.all()] == before


@pytest.mark.parametrize(
    ("decoding", "lesser"), [("free", []), ("constrained", ["free"]), ("grounded", ["free", "constrained"])]
)
def test_base_and_tuned_are_judged_with_less_to_hold_them_too(
    workspace: Workspace, tiny_llama_dir: Path, decoding: str, lesser: list[str]
) -> None:
    begin(workspace, tiny_llama_dir, decoding=decoding)
    held = {f"{name}:{which}": "when asked for" for name in lesser for which in ("base", "tuned")}
    planned = states(workspace)
    assert {name: planned[name] for name in planned if name.startswith(("free", "constrained"))} == held
    report = workspace.studies.report("s")
    assert [row.title for row in report.rows if "decoding" in row.title] == [
        f"{which}, decoding {name}" for which in ("base", "tuned") for name in lesser
    ]


def test_only_as_much_is_trained_on_as_fits_into_the_hours(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir, dialogues=12, hours=1e-6, validation=0.0, watch=0)
    report = workspace.studies.carry_on("s", ["train"])
    assert (report.pace["dialogues"], report.pace["of"]) == (1, report.parts["train"])
    assert report.curve[-1].dialogues == 1
    assert workspace.jobs.get("s tuned").config["recipe"]["dataset"] == "s fitting"


def test_a_tuning_that_goes_on_from_an_adapter_answers_for_what_that_learned(
    workspace: Workspace, tiny_llama_dir: Path
) -> None:
    begin(workspace, tiny_llama_dir, dialogues=12, watch=0)
    workspace.studies.carry_on("s", ["train"])
    begin(workspace, tiny_llama_dir, name="t", dialogues=12, watch=0, seed=1, goes_on_from="run:s tuned")
    report = workspace.studies.carry_on("t", ["train"])
    earlier = workspace.jobs.folder(workspace.jobs.get("s tuned").id)
    assert report.check["before"] == len(earlier.dialogues()) + len(earlier.dialogues("validation"))
    assert report.check["dialogues"] == report.parts["train"] + report.parts["validation"] + report.check["before"]
    assert training_facts(report)["goes on from"] == "run:s tuned"
    assert workspace.training.recipe("t tuned").model == "run:s tuned"
    ablated = Steps(workspace, report.choices, StudyFolder(workspace.folder / "studies" / "t"))
    assert ablated.training_recipe("t apart-train", "other").model == f"hf:{tiny_llama_dir}"
    assert "the tuning went on from run:s tuned" in report.curve[-1].absent
    assert "The tuning went on from run:s tuned;" in as_markdown(report)
    assert not any("not known here" in told for told in check_facts(report).values())
    leaked = earlier.dialogues("validation") + workspace.datasets.load("t unseen")[:1]
    (earlier.path / "validation.jsonl").write_text("".join(f"{one.model_dump_json()}\n" for one in leaked))
    begin(workspace, tiny_llama_dir, name="u", dialogues=12, watch=0, seed=1, goes_on_from="run:s tuned")
    with pytest.raises(DataError, match=r"hold some of the test .* that starts from other weights"):
        workspace.studies.carry_on("u", ["check"])


def test_what_a_foreign_adapter_learned_from_is_said_to_be_unknown(
    workspace: Workspace, tiny_llama_dir: Path, tmp_path: Path
) -> None:
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    config = {"r": 4, "target_modules": ["q_proj"], "base_model_name_or_path": str(tiny_llama_dir)}
    (adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
    begin(workspace, tiny_llama_dir, dialogues=12, goes_on_from=f"hf:{adapter}")
    report = workspace.studies.carry_on("s", ["check"])
    assert check_facts(report)[f"what hf:{adapter} learned from"] == "not known here, so not compared"
    for wrong, said in (
        ({"goes_on_from": f"hf:{tiny_llama_dir}"}, "is no adapter"),
        ({"goes_on_from": "scripted:oracle"}, "is no adapter"),
        ({"goes_on_from": "run:s raw"}, "s raw"),
        ({"goes_on_from": f"hf:{adapter}", "training": {"full": True}}, "Leave one out"),
        ({"goes_on_from": "smollm2-diaforge"}, "is an adapter of 'smollm2' and not of"),
    ):
        with pytest.raises((DataError, ModelError), match=said):
            begin(workspace, tiny_llama_dir, name="other", **wrong)
    assert workspace.studies.names() == ["s"]


def test_ablations_and_points_of_the_curve_are_done_one_by_one(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir, dialogues=12, validation=0.0, held_out=("enterprise:HR",))
    workspace.studies.carry_on("s", ["ablation:no-thought", "curve:50:data", "ablation:no-cascade:data"])
    done = states(workspace)
    assert done["ablation:no-thought:evaluate"] == done["curve:50:data"] == "done"
    assert (done["train"], done["curve:50:train"]) == ("to do", "when asked for")
    run = workspace.jobs.get("s tuned no-thought")
    assert run.config["recipe"]["without_thoughts"]
    whole, half = (workspace.datasets.info(name).kept for name in ("s apart-train", "s 50 percent"))
    assert half == whole // 2


def test_what_is_held_out_is_learned_by_nobody_and_played_in_equal_parts(
    workspace: Workspace, tiny_llama_dir: Path
) -> None:
    begin(workspace, tiny_llama_dir, scenarios=6, dialogues=60)
    report = workspace.studies.carry_on("s", DATA)
    groups = {tool.name: tool.group for tool in workspace.catalogs.get("enterprise").tools}
    train, unseen = (workspace.datasets.load(name) for name in ("s apart-train", "s unseen"))
    held_out = {"HR", "ITSM"}
    assert not {groups[name] for one in train for name in one.scenario.candidates} & held_out
    assert {groups[name] for one in unseen for name in one.scenario.candidates} == held_out
    assert sorted(one.scenario.catalog for one in unseen) == ["s enterprise HR"] * 3 + ["s enterprise ITSM"] * 3
    parts = report.parts
    there = parts["train"] + parts["validation"] + parts["near_the_test"] + parts["straddling"]
    assert parts["generated"] == there + parts["rejected"] == 60
    assert workspace.looks.counts("s unseen") == {"s unseen": 2}
    assert {trace.scenario.bank for trace in workspace.traces.of_run(workspace.jobs.get("s on evaluate oracle").id)}


def test_a_planted_leak_stops_the_study_with_one_message(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir)
    workspace.studies.carry_on("s", ["check"])
    assert states(workspace)["check"] == "done"
    workspace.datasets.add("s apart-train", workspace.datasets.load("s unseen")[:1])
    assert states(workspace)["check"] == "to do"
    with pytest.raises(
        DataError, match=r"1 of its dialogues are learned from; \d of its dialogues have a tool"
    ) as stop:
        workspace.studies.carry_on("s")
    assert "\n" not in str(stop.value)
    assert "s apart-train" in str(stop.value)
    assert states(workspace)["check"] == "stopped"
    assert not [run for run in workspace.jobs.all() if run.kind == "train"]
    assert "1 of its dialogues are learned from" in workspace.studies.report_file("s").read_text(encoding="utf-8")


def test_a_phrase_of_the_tests_user_in_the_training_data_stops_it_too(
    workspace: Workspace, tiny_llama_dir: Path
) -> None:
    begin(workspace, tiny_llama_dir)
    workspace.studies.carry_on("s", ["parts"])
    one = workspace.datasets.load("s apart-train")[0]
    opening = one.turns[0].model_copy(update={"reply": "To whom it may concern: " + one.turns[0].reply})
    planted = one.model_copy(update={"id": "planted", "turns": (opening, *one.turns[1:])})
    workspace.datasets.add("s apart-train", [planted])
    with pytest.raises(DataError, match="1 phrases of its user are learned from, such as 'to whom it may concern'"):
        workspace.studies.carry_on("s", ["check"])


def test_the_report_of_a_study_that_was_only_begun_marks_every_row_as_not_run(
    workspace: Workspace, tiny_llama_dir: Path
) -> None:
    begin(workspace, tiny_llama_dir)
    report = workspace.studies.report("s")
    assert {row.absent for row in report.rows} == {"not run"}
    assert all(target.met is None for target in report.targets)
    told = as_markdown(report)
    assert told.count("| not run |") >= len(report.rows) - 1
    assert report.looks == 0
    assert "cannot be compared yet" in told


def test_what_models_and_catalogs_wrote_does_nothing_in_the_report(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir)
    said = lead_turns()[0].model_copy(update={"reply": "```\n# no heading\n[x](http://bad.example)\x1b[31m ````"})
    trace = a_trace(a_scenario(), (said, *lead_turns()[1:]), outcome="right", reason="<img src=x> | # no")
    report = dataclasses.replace(workspace.studies.report("s"), won=[Example(trace, trace)])
    told = as_markdown(report)
    fence = "`````"
    inside = told.split(f"{fence}text\n")[1].split(f"\n{fence}\n")[0]
    assert "# no heading" in inside
    assert "\x1b" not in told
    assert "http://bad.example" not in told.replace(inside, "")
    assert "\\<img src=x\\> \\| \\# no" in told
    assert f"(trace {trace.id})" in told


BEGIN = """
import sys
from pathlib import Path
from diaforge_core.services.workspace import open_workspace
with open_workspace(Path(sys.argv[1])) as workspace:
    workspace.studies.carry_on("s", ["train"], lambda run: print(run.name, run.state, flush=True))
"""


def test_a_killed_study_goes_on_where_it_was(tmp_path: Path, models_dir: Path, tiny_llama_dir: Path) -> None:
    folder = tmp_path / "workspace"
    with open_workspace(folder) as workspace:
        begin(workspace, tiny_llama_dir, training={"max_steps": 60, "lora_rank": 2, "batch_size": 1}, watch=0)
        workspace.studies.carry_on("s", ["check"])
        data = {run.id for run in workspace.jobs.all()}
    carrier = subprocess.Popen([sys.executable, "-c", BEGIN, str(folder)], stdout=subprocess.PIPE, text=True)
    assert carrier.stdout
    while "s tuned running" not in carrier.stdout.readline():
        assert carrier.poll() is None
    carrier.kill()
    carrier.wait()
    with open_workspace(folder) as workspace:
        run = workspace.jobs.get("s tuned")
        known = _worker(workspace, run)
        os.kill(known, signal.SIGKILL)
        lost = workspace.jobs.wait(run.id, timeout_seconds=30)
        assert lost.state == "lost"
        assert states(workspace)["train"] == "stopped"
        workspace.studies.carry_on("s", ["train"])
        assert {run.id for run in workspace.jobs.all()} == data | {run.id}
        assert workspace.jobs.get("s tuned").result["steps"] == 60


def _worker(workspace: Workspace, run: Run) -> int:
    """The process of a run, once it has logged a step."""
    folder, deadline = workspace.jobs.folder(run.id), time.monotonic() + 120
    while not any("log" in row for row in folder.rows()):
        assert time.monotonic() < deadline, folder.log()
        time.sleep(0.02)
    known = folder.process()
    assert known
    return known[0]


def test_a_study_that_goes_on_already_is_not_carried_on_twice(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir)
    workspace.studies.carry_on_behind("s", ["evaluate:oracle"])
    deadline = time.monotonic() + 60
    assert workspace.studies.is_under_way("s")
    with pytest.raises(DataError, match="goes on already"):
        workspace.studies.carry_on("s")
    while workspace.studies.is_under_way("s"):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert workspace.studies.problem("s") == ""
    assert states(workspace)["evaluate:oracle"] == "done"


def test_a_step_that_fails_stops_the_study_in_its_own_words(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begin(workspace, tiny_llama_dir, training={"max_steps": 2, "learning_rate": 1e6, "full": True, "warmup": 0})
    with pytest.raises(
        DataError, match=r"stopped at step 'train': run 's tuned' is failed: .*The learning rate is usually too high"
    ):
        workspace.studies.carry_on("s", ["train"])


def test_a_study_is_gone_on_with_as_it_was_begun(workspace: Workspace, tiny_llama_dir: Path) -> None:
    begun = begin(workspace, tiny_llama_dir)
    assert workspace.studies.begin(f"hf:{tiny_llama_dir}", "small", name="s") == begun
    assert workspace.studies.begin(name="s") == begun
    with pytest.raises(DataError, match="other choices of model, preset"):
        workspace.studies.begin("smollm2", "full", name="s")
    with pytest.raises(DataError, match=r"other choices of dialogues, lora_rank\. Go on with it as it is"):
        begin(workspace, tiny_llama_dir, dialogues=25, training={"max_steps": 2, "lora_rank": 4})
    assert Studies(workspace).names() == ["s"]


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"catalogs": ("nothing",)}, "neither a catalog of this workspace"),
        ({"catalogs": ("enterprise:HR",), "held_out": ("mine",)}, "is a part of a catalog"),
        ({"catalogs": ("enterprise",), "held_out": ("enterprise",)}, "cannot be trained on and held out"),
        ({"catalogs": ("mine",)}, "Name what is held out"),
        ({"dialogues": 1}, "dialogues: Input should be greater than or equal to 4"),
        ({"name": "../s"}, "cannot be the name of a study"),
    ],
)
def test_what_cannot_be_a_study_is_refused_with_what_to_do(
    workspace: Workspace, tiny_llama_dir: Path, given: dict[str, Any], said: str
) -> None:
    workspace.catalogs.put(a_catalog(a_tool(), name="mine"))
    with pytest.raises(DataError, match=said):
        begin(workspace, tiny_llama_dir, **given)
    assert workspace.studies.names() == []


def test_unknown_steps_groups_and_models_are_named(workspace: Workspace, tiny_llama_dir: Path) -> None:
    with pytest.raises(DataError, match="has no weights to tune"):
        workspace.studies.begin("scripted:oracle")
    with pytest.raises(DataError, match="There is no study 'x'"):
        workspace.studies.report("x")
    begin(workspace, tiny_llama_dir, held_out=("enterprise:Nowhere",))
    with pytest.raises(DataError, match=r"has no step 'y'\. It has: machine, catalogs"):
        workspace.studies.carry_on("s", ["y"])
    with pytest.raises(DataError, match=r"has no group 'Nowhere'\. It has: CRM"):
        workspace.studies.carry_on("s", ["catalogs"])


def test_whole_catalogs_can_be_held_out_and_come_from_files(workspace: Workspace, tiny_llama_dir: Path) -> None:
    data = Path(__file__).parents[1] / "data"
    choices = (
        begin(workspace, tiny_llama_dir, catalogs=(str(data / "enterprise_openapi.json"),), held_out=("mine",))
        if (workspace.catalogs.put(a_catalog(name="mine")))
        else None
    )
    assert choices
    assert choices.catalogs == ("enterprise_openapi",)
    report = workspace.studies.carry_on("s", ["check"])
    assert report.check["clean"]
    assert {one.scenario.catalog for one in workspace.datasets.load("s unseen")} == {"mine"}


def test_the_command_says_how_far_it_is_and_goes_on(tmp_path: Path, models_dir: Path, tiny_llama_dir: Path) -> None:
    words = [
        "recipe",
        f"hf:{tiny_llama_dir}",
        "--name",
        "s",
        "--dialogues",
        "12",
        "--scenarios",
        "2",
        "--max-steps",
        "1",
    ]
    words += ["--workspace", str(tmp_path / "w"), "--json"]
    plan = CliRunner().invoke(cli.app, [*words, "--plan"], catch_exceptions=False)
    assert plan.exit_code == 0, plan.output
    assert '"train": "to do"' in plan.stdout
    out = tmp_path / "report.md"
    done = CliRunner().invoke(cli.app, [*words, "--only", "evaluate:eager", "--out", str(out)], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert '"evaluate:eager": "done"' in done.stdout
    assert out.read_text(encoding="utf-8").startswith("# Study s\n")
    other = CliRunner().invoke(cli.app, [*words, "--dialogues", "13"], catch_exceptions=False)
    assert (other.exit_code, "other choices of dialogues" in other.stderr) == (2, True)
