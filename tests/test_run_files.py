"""An evaluation packed as one file says the same elsewhere; what is no such file is one clear message."""

from __future__ import annotations

import contextlib
import json
import shutil
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.errors import DataError
from diaforge_core.generator.recipe import Recipe
from diaforge_core.services import run_files
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.run_files import pack, unpack
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store.run_folder import RunFolder

from .factories import a_catalog


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    with open_workspace(tmp_path_factory.mktemp("home") / "workspace") as workspace:
        workspace.catalogs.put(a_catalog())
        for name in ("eager", "oracle"):
            recipe = EvalRecipe(model=f"scripted:{name}", run=name, catalog="sample", count=6, trials=2)
            assert workspace.jobs.wait(workspace.evaluation.start(recipe).id).state == "succeeded"
        yield workspace


@pytest.fixture(scope="module")
def packed(home: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("packed") / "eager.zip"
    assert pack(home, "eager", file) == {"run": "eager", "traces": 12, "out": str(file)}
    return file


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "elsewhere") as workspace:
        yield workspace


def changed(packed: Path, to: Path, changes: dict[str, Callable[[bytes], bytes]]) -> Path:
    """The file with some of its parts changed."""
    with zipfile.ZipFile(packed) as old, zipfile.ZipFile(to, "w") as new:
        for name in old.namelist():
            new.writestr(name, changes.get(name, bytes)(old.read(name)))
    return to


def test_a_packed_evaluation_has_its_numbers_and_its_words_elsewhere(
    home: Workspace, elsewhere: Workspace, packed: Path
) -> None:
    run, before = unpack(elsewhere, packed), home.jobs.get("eager")
    assert (run.name, run.state, run.ended) == ("eager", "succeeded", before.ended)
    assert {key: run.result[key] for key in ("acc", "ftr", "tar", "by", "outcomes")} == {
        key: before.result[key] for key in ("acc", "ftr", "tar", "by", "outcomes")
    }
    assert said(elsewhere) == [words for words in said(home) if words["assistant"] == "scripted:eager"]
    assert elsewhere.catalogs.get("sample") == home.catalogs.get("sample")


def test_it_outlives_the_loss_of_the_database(tmp_path: Path, packed: Path) -> None:
    with open_workspace(tmp_path / "w") as workspace:
        before = unpack(workspace, packed, "theirs").result
    (tmp_path / "w" / "diaforge.duckdb").unlink()
    with open_workspace(tmp_path / "w") as workspace:
        assert workspace.jobs.get("theirs").result == before
        assert len(list(workspace.traces.stream())) == 12


def test_numbers_that_were_written_into_the_file_are_not_believed(
    elsewhere: Workspace, packed: Path, tmp_path: Path
) -> None:
    def boast(rows: bytes) -> bytes:
        told = [json.loads(row) | {"outcome": "right", "reason": "", "audit": []} for row in rows.splitlines()]
        return "\n".join(map(json.dumps, told)).encode()

    honest = unpack(elsewhere, packed, "honest").result
    run = unpack(elsewhere, changed(packed, tmp_path / "boast.zip", {"traces.jsonl": boast}))
    assert run.result["acc"] == honest["acc"]
    assert honest["acc"]["value"] < 1.0


def test_a_name_that_is_taken_is_asked_to_be_another(elsewhere: Workspace, packed: Path) -> None:
    unpack(elsewhere, packed)
    with pytest.raises(DataError, match="There is a run 'eager' already"):
        unpack(elsewhere, packed)
    assert unpack(elsewhere, packed, "eager of theirs").name == "eager of theirs"


def said(workspace: Workspace) -> list[dict[str, Any]]:
    """Every trace without its id, which each run gives anew, in an order of its own."""
    found = [trace.model_dump(mode="json", exclude={"id"}) for trace in workspace.traces.stream()]
    return sorted(found, key=lambda trace: (trace["scenario"]["id"], json.dumps(trace)))


def a_line_less(rows: bytes) -> bytes:
    return b"\n".join(rows.splitlines()[1:]) + b"\n"


@pytest.mark.parametrize(
    ("part", "change", "says"),
    [
        ("evaluation.json", lambda _: b'{"form": "other"}', "is of the form 'other'"),
        ("evaluation.json", lambda _: b"[]", "is no packed evaluation, or it is damaged"),
        ("evaluation.json", lambda head: head.replace(b'"count": 6', b'"count": -1'), "or it is damaged"),
        ("traces.jsonl", lambda rows: rows[:200], "or it is damaged"),
        ("traces.jsonl", lambda _: b"", "holds traces of other scenarios than its own, or none"),
        ("scenarios.jsonl", a_line_less, "holds traces of other scenarios"),
        ("catalog.json", lambda _: a_catalog(*a_catalog().tools[:2]).model_dump_json().encode(), "lacks tools"),
        ("evaluation.json", lambda head: head.replace(b'"eager"', b'"../eager"', 1), "cannot be the name of a run"),
    ],
)
def test_a_damaged_file_is_one_message_and_leaves_nothing(
    elsewhere: Workspace, packed: Path, tmp_path: Path, part: str, change: Callable[[bytes], bytes], says: str
) -> None:
    with pytest.raises(DataError, match=says):
        unpack(elsewhere, changed(packed, tmp_path / "bad.zip", {part: change}))
    assert elsewhere.jobs.all() == []
    assert not list((elsewhere.folder / "runs").glob("*/config.json"))


def test_a_broken_archive_is_one_message(elsewhere: Workspace, packed: Path, tmp_path: Path) -> None:
    whole, taken = packed.read_bytes(), 0
    for place in range(40, len(whole), len(whole) // 12):
        broken = tmp_path / f"{place}.zip"
        broken.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        with contextlib.suppress(DataError):
            unpack(elsewhere, broken, f"at {place}")
            taken += 1
    assert taken <= 3, "only a date or the like can differ unseen"


def test_a_part_that_is_larger_than_it_may_be_is_not_read_to_its_end(
    elsewhere: Workspace, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_files, "MOST_BYTES", 4096)
    with pytest.raises(DataError, match="holds more than"):
        unpack(elsewhere, packed)


def test_scenarios_of_several_catalogs_stand_under_the_one_that_comes_along(
    home: Workspace, elsewhere: Workspace, tmp_path: Path
) -> None:
    for name, tools in (("one", a_catalog().tools[:4]), ("two", a_catalog().tools[4:])):
        home.catalogs.put(a_catalog(*tools, name=name))
        home.jobs.wait(home.generation.start(Recipe(catalog=name, dataset="both", count=3)).id)
    recipe = EvalRecipe(model="scripted:oracle", run="on both", scenarios="both", count=6)
    home.jobs.wait(home.evaluation.start(recipe).id)
    pack(home, "on both", tmp_path / "both.zip")
    run = unpack(elsewhere, tmp_path / "both.zip")
    (name,) = {trace.scenario.catalog for trace in elsewhere.traces.stream()}
    assert elsewhere.evaluation.catalog_of(run.id) == name
    for trace in elsewhere.traces.of_run(run.id):
        assert {tool.name for tool in elsewhere.traces.tools(trace)} >= set(trace.scenario.candidates)


def test_what_fails_on_the_way_in_leaves_nothing(
    elsewhere: Workspace, packed: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(RunFolder, "append", lambda *_: (_ for _ in ()).throw(DataError("the disk is full")))
    with pytest.raises(DataError, match="the disk is full"):
        unpack(elsewhere, packed)
    assert elsewhere.jobs.all() == []
    assert not [each for each in elsewhere.folder.rglob("*") if "incoming" in each.name or each.name == "config.json"]


def test_a_file_that_is_no_archive_is_one_message(elsewhere: Workspace, tmp_path: Path) -> None:
    (tmp_path / "x.zip").write_text("no")
    with pytest.raises(DataError, match=r"x\.zip is no packed evaluation"):
        unpack(elsewhere, tmp_path / "x.zip")


def test_only_an_evaluation_that_ended_well_is_packed(home: Workspace, tmp_path: Path) -> None:
    shutil.rmtree(tmp_path / "none", ignore_errors=True)
    with pytest.raises(DataError, match="There is no run 'nobody'"):
        pack(home, "nobody", tmp_path / "none" / "x.zip")
    assert not (tmp_path / "none").exists()


def test_the_commands_do_the_same(home: Workspace, elsewhere: Workspace, tmp_path: Path) -> None:
    out = str(tmp_path / "oracle.zip")
    COMMANDS["traces pack"](home, {"run": "oracle", "out": out}, lambda _: None)
    told = COMMANDS["traces unpack"](elsewhere, {"file": out, "name": ""}, lambda _: None)
    assert (told["run"], told["acc"]["value"]) == ("oracle", 1.0)
