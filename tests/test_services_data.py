"""Catalogs, datasets and traces of a workspace."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from diaforge_core import cli
from diaforge_core.conversation.dialogue_files import write_dialogues
from diaforge_core.errors import CatalogError, DataError, ModelError, WorkspaceError
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.queue import Filter
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.names import clean_name, safe_file_name
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog

OPENAPI = {
    "openapi": "3.1.0",
    "info": {"title": "t", "version": "1"},
    "paths": {
        "/leads": {
            "post": {"operationId": "createLead", "summary": "Create a lead"},
            "get": {"operationId": "listLeads", "summary": "List leads"},
        },
        "/contacts": {"post": {"operationId": "createContact", "summary": "Create a contact"}},
    },
}


@pytest.fixture(scope="module")
def made() -> list[Dialogue]:
    """Twelve verified dialogues of the sample catalog, made once."""
    from diaforge_core.conversation.assistants import scripted_assistant
    from diaforge_core.conversation.scenarios import draw_scenarios
    from diaforge_core.generator.utcgen import UTCGen

    catalog = a_catalog()
    pairs = UTCGen(catalog).generate(catalog, draw_scenarios(catalog, 12, 5), scripted_assistant("scripted:oracle"))
    return [dialogue for _, dialogue in pairs]


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def test_a_second_app_on_the_same_workspace_is_told_who_has_it(workspace: Workspace):
    with pytest.raises(WorkspaceError, match=r"open in process \d+"):
        open_workspace(workspace.folder)
    assert workspace.catalogs.names()[0].name == "sample"


def test_a_workspace_that_is_a_file_is_one_message(tmp_path: Path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(WorkspaceError, match="--workspace"):
        open_workspace(tmp_path / "file")


def test_an_imported_catalog_is_kept_in_every_version(workspace: Workspace):
    first = workspace.catalogs.add([("../../evil.json", json.dumps(OPENAPI).encode())], "crm")
    more = OPENAPI | {"paths": {**OPENAPI["paths"], "/x": {"get": {"operationId": "getX", "summary": "Get x"}}}}
    second = workspace.catalogs.add([("crm.json", json.dumps(more).encode())], "crm")
    assert [info.version for info in workspace.catalogs.versions("crm")] == [second.version, first.version]
    assert workspace.catalogs.get("crm").version == second.version
    assert workspace.catalogs.get("crm", first.version) == first
    assert {tool.source for tool in first.tools} == {"evil.json"}
    assert [(info.name, info.tools, info.versions) for info in workspace.catalogs.names()] == [
        ("crm", 4, 2),
        ("sample", 8, 1),
    ]


@pytest.mark.parametrize("content", [b"", b"not a catalog", b'{"a": 1}', b"\xff\xfe\x00"])
def test_what_is_no_catalog_is_refused_and_nothing_is_stored(workspace: Workspace, content: bytes):
    with pytest.raises(CatalogError, match=r"file\.json"):
        workspace.catalogs.add([("file.json", content)], "bad")
    assert [info.name for info in workspace.catalogs.names()] == ["sample"]


def test_an_unknown_catalog_is_named_with_those_there_are(workspace: Workspace):
    with pytest.raises(CatalogError, match=r"'none'.*sample"):
        workspace.catalogs.get("none")


def test_ambiguity_facets_and_pairs_come_from_the_catalog(workspace: Workspace):
    found = workspace.catalogs.ambiguity("sample")
    assert len(found.nearest) == 8
    assert workspace.catalogs.ambiguity("sample") is found
    pair = workspace.catalogs.pair("sample", "CRM_CreateLead", "CRM.UpdateLead")
    assert pair.b.name == "CRM_UpdateLead"
    assert pair.facet
    assert set(pair.facet.answers) == {"CRM_CreateLead", "CRM_UpdateLead"}
    assert workspace.catalogs.facets("sample", ["CRM_CreateLead", "CRM_DeleteLead"])


def test_a_preview_is_what_the_run_would_make_and_stores_nothing(workspace: Workspace, made: list[Dialogue]):
    shown = workspace.generation.preview("sample", Recipe(catalog="sample", seed=5), 3)
    assert [dialogue.id for dialogue in shown] == [dialogue.id for dialogue in made[:3]]
    assert workspace.datasets.names() == []
    with pytest.raises(ModelError, match="scripted"):
        workspace.generation.preview("sample", Recipe(catalog="sample", assistant="smollm2"))


def test_an_estimate_counts_every_scenario(workspace: Workspace):
    found = workspace.generation.estimate(Recipe(catalog="sample", count=100, seed=5))
    assert found.dialogues == 100
    assert abs(sum(found.tiers.values()) - 100) <= 2
    assert found.seconds is not None
    assert found.seconds > 0


def test_a_dataset_pages_filters_and_counts(workspace: Workspace, made: list[Dialogue]):
    workspace.datasets.create("d")
    workspace.datasets.add("d", made)
    info = workspace.datasets.info("d")
    assert info.dialogues == 12
    assert info.accepted + info.rejected + info.flagged + info.pending + info.failed == 12
    assert info.kept == sum(dialogue.passed for dialogue in made)
    page = workspace.finding.page(Filter(dataset="d", state=None), 5, 3)
    assert list(page["id"]) == [dialogue.id for dialogue in made[5:8]]
    word = made[4].turns[0].reply.split()[-1].strip(".?!")
    found = workspace.finding.page(Filter(dataset="d", state=None, text=word.upper()))
    assert made[4].id in set(found["id"])
    assert len(found) == workspace.finding.count(Filter(dataset="d", state=None, text=word.upper()))
    tier = made[0].scenario.tier
    of_tier = workspace.finding.count(Filter(dataset="d", state=None, tier=tier))
    assert of_tier == sum(one.scenario.tier == tier for one in made)
    assert workspace.finding.count(Filter(dataset="d", state=None, text="' OR true --")) == 0


def test_dialogues_come_back_from_the_store_as_they_went_in(workspace: Workspace, made: list[Dialogue]):
    workspace.datasets.create("d")
    workspace.datasets.add("d", made)
    assert workspace.datasets.load("d", "all") == made


def test_a_file_is_loaded_once_and_verified_if_it_was_not(workspace: Workspace, made: list[Dialogue], tmp_path: Path):
    bare = [Dialogue.model_validate(dialogue.model_dump() | {"verdicts": ()}) for dialogue in made]
    write_dialogues(tmp_path / "d.jsonl", bare)
    done = workspace.datasets.load_file(tmp_path / "d.jsonl", "loaded")
    assert (done.added, done.already, done.dataset.dialogues) == (12, 0, 12)
    again = workspace.datasets.load_file((tmp_path / "d.jsonl").read_bytes(), "loaded")
    assert (again.added, again.already, again.dataset.dialogues, again.remarks) == (0, 12, 12, ())
    assert workspace.datasets.load("loaded", "all") == made


def test_a_file_cannot_vouch_for_itself(workspace: Workspace, made: list[Dialogue]):
    empty = Dialogue.model_validate(made[0].model_dump() | {"turns": (), "id": "tampered"})
    assert empty.passed
    workspace.datasets.load_file(empty.model_dump_json().encode(), "loaded")
    assert workspace.datasets.info("loaded").kept == 0


def test_a_broken_line_is_named_and_nothing_is_stored(workspace: Workspace, made: list[Dialogue]):
    content = made[0].model_dump_json().encode() + b"\n{broken\n"
    with pytest.raises(DataError, match="line 2"):
        workspace.datasets.load_file(content, "loaded")
    assert workspace.datasets.names() == []


def test_verifying_names_what_fails(workspace: Workspace, made: list[Dialogue], tmp_path: Path):
    passing = [dialogue for dialogue in made if dialogue.passed][:2]
    broken = Dialogue.model_validate(passing[0].model_dump() | {"turns": passing[0].turns[:-1], "id": "broken"})
    write_dialogues(tmp_path / "d.jsonl", [*passing, broken])
    found = workspace.datasets.verify(tmp_path / "d.jsonl")
    assert (found.dialogues, found.passed) == (3, 2)
    assert [failed.id for failed in found.failed] == ["broken"]
    assert found.failed[0].reason


@pytest.mark.parametrize(("held_out", "validation"), [(0.8, 0.3), (-0.1, 0.1), (1.0, 0.0)])
def test_shares_that_leave_nothing_are_refused(workspace: Workspace, held_out: float, validation: float):
    workspace.datasets.create("d")
    with pytest.raises(DataError, match="shares"):
        workspace.datasets.split("d", held_out, validation)


def test_removing_a_dataset_leaves_what_another_holds(workspace: Workspace, made: list[Dialogue]):
    workspace.datasets.create("a")
    workspace.datasets.create("b")
    workspace.datasets.add("a", made[:4])
    workspace.datasets.add("b", made[2:6])
    workspace.datasets.remove("a")
    assert workspace.datasets.load("b", "all") == made[2:6]
    with pytest.raises(DataError, match=made[0].id):
        workspace.review.get(made[0].id)
    workspace.datasets.create("a")
    assert workspace.datasets.add("a", made[:4]) == 4


def test_traces_are_paged_filtered_and_found_from_their_dialogue(workspace: Workspace):
    run = workspace.jobs.wait(workspace.generation.start(Recipe(catalog="sample", dataset="d", count=6)).id)
    for name in ("oracle", "cautious"):
        recipe = EvalRecipe(model=f"scripted:{name}", run=name, catalog="sample", count=6)
        assert workspace.jobs.wait(workspace.evaluation.start(recipe).id).state == "succeeded"
    frame, total = workspace.traces.page({"run": "cautious", "outcome": ["abstained", "turn_limit"]}, limit=2)
    assert len(frame) == min(2, total)
    assert set(frame["run"]) == {"cautious"}
    assert workspace.traces.page({"kind": "generate"})[1] == 6
    trace_id = str(next(iter(frame["id"])))
    trace = workspace.traces.get(trace_id)
    assert trace.id == trace_id
    assert len(workspace.traces.tools(trace)) == len(trace.scenario.candidates)
    assert set(workspace.traces.same_scenario(trace.id)["run"]) >= {"oracle"}
    dialogue = workspace.datasets.load("d", "all")[0]
    assert workspace.traces.run_of(dialogue.trace) == run.name
    assert workspace.traces.values("run") == sorted(["cautious", "oracle", run.name])
    assert list(workspace.traces.sql("SELECT count(*) AS n FROM traces")["n"]) == [18]
    with pytest.raises(DataError, match="filter"):
        workspace.traces.page({"colour": "red"})

    compared = workspace.evaluation.compare("oracle", "cautious")
    assert compared.difference["acc"]
    scenario = (*compared.pairs.only_a, *compared.pairs.both_right, *compared.pairs.both_wrong)[0]
    a, b, turn = workspace.evaluation.differing_turn("oracle", "cautious", scenario)
    assert a.scenario.id == b.scenario.id == scenario
    assert turn is not None
    table = workspace.evaluation.table()
    assert set(table["run"]) == {"oracle", "cautious"}
    with pytest.raises(DataError, match="not an evaluation"):
        workspace.evaluation.results(run.name)


def test_an_evaluation_needs_exactly_one_source_of_scenarios(workspace: Workspace):
    for recipe in (
        EvalRecipe(model="scripted:oracle"),
        EvalRecipe(model="scripted:oracle", scenarios="d", catalog="c"),
    ):
        with pytest.raises(DataError, match="either"):
            workspace.evaluation.start(recipe)


def test_model_specs_resolve_or_say_what_to_do(workspace: Workspace):
    assert workspace.models.resolve("scripted:oracle") == "scripted:oracle"
    for spec, said in (
        ("scripted:clever", "model spec"),
        ("run:none", "none"),
        ("meta-llama/Llama-2-7b-chat", "smollm2"),
    ):
        with pytest.raises((ModelError, DataError), match=said):
            workspace.models.resolve(spec)
    assert {choice.spec for choice in workspace.models.choices()} >= {"smollm2", "scripted:eager"}


def test_training_without_dialogues_or_with_a_taken_name_is_refused(workspace: Workspace, made: list[Dialogue]):
    workspace.datasets.create("empty")
    with pytest.raises(DataError, match="no kept dialogue"):
        workspace.training.start(TrainRecipe(dataset="empty", run="r"))
    workspace.datasets.create("d")
    workspace.datasets.add("d", made)
    with pytest.raises(DataError, match="cannot be the name"):
        workspace.training.start(TrainRecipe(dataset="d", run="../r"))
    assert workspace.jobs.all() == []


def test_the_command_of_a_recipe_is_the_one_that_starts_it(workspace: Workspace):
    words = workspace.training.command(TrainRecipe(dataset="d", run="a b", max_steps=3, full=True))
    assert words[1:4] == ["-m", "diaforge_core", "train"]
    assert words[words.index("--max-steps") + 1] == "3"
    assert "--full" in words
    assert "'a b'" in workspace.training.command_text(TrainRecipe(dataset="d", run="a b"))


def test_the_command_line_takes_every_choice_of_a_recipe(workspace: Workspace, monkeypatch: pytest.MonkeyPatch):
    asked = TrainRecipe(
        dataset="d", run="r", stage="preference", pairs="e", loss_mask="all", keep_thoughts=True, reduction="slice",
        layout="slices", rendering="own", without_thoughts=True, unverified=True, max_tokens=900,
        epochs=2, max_steps=3, batch_size=5, row_tokens=6, too_long="leave_out", learning_rate=7e-5, schedule="linear",
        warmup=0.25, weight_decay=0.5, full=True, lora_rank=8, lora_targets="attention", precision="float32", seed=9,
        checkpoint_every=10, evaluate_every=11, patience=12, validation="v", watch=2, seen="1.2", processes=2,
        decoding="constrained",
    )  # fmt: skip
    unlike = asked.model_dump(exclude_defaults=True).keys() | {"model"}
    assert unlike == TrainRecipe.model_fields.keys()
    given: dict[str, Any] = {}
    monkeypatch.setattr(cli, "do", lambda command, params, *_: given.update(params))
    words = workspace.training.command(asked)[3:]
    assert CliRunner().invoke(cli.app, words, catch_exceptions=False).exit_code == 0
    assert TrainRecipe.model_validate(given) == asked


def test_the_mask_preview_tints_the_assistants_turns_only(workspace: Workspace, made: list[Dialogue]):
    workspace.datasets.create("d")
    workspace.datasets.add("d", made)
    pieces = workspace.masks.preview(TrainRecipe(dataset="d", run="r"), made[0].id).pieces
    trained = "".join(text for text, on in pieces if on)
    assert made[0].turns[1].reply in trained
    assert made[0].turns[0].reply not in trained


@pytest.mark.parametrize("name", ["", " ", "../x", "a/b", "a\nb", "-x", "x" * 65, "ü", "a'b"])
def test_a_name_that_could_be_a_path_is_refused(name: str):
    with pytest.raises(DataError, match="cannot be the name"):
        clean_name(name, "dataset")


@pytest.mark.parametrize(
    ("raw", "safe"),
    [
        ("../../evil.json", "evil.json"),
        ("C:\\Users\\a\\crm.yaml", "crm.yaml"),
        ("/etc/passwd", "passwd"),
        ("..", "file"),
        ("a\x00b\n.json", "a_b_.json"),
        (".hidden", "hidden"),
        ("", "file"),
    ],
)
def test_the_name_of_an_uploaded_file_loses_its_folders(raw: str, safe: str):
    assert safe_file_name(raw) == safe
