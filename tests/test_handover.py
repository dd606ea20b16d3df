"""The command line while the app has the workspace open."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from diaforge_core.cli import app
from diaforge_core.errors import DiaForgeError, WorkspaceError
from diaforge_core.services.handover import hand_over
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store.ownership import Owner, holder

from .factories import a_catalog


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace", serve_handover=True) as opened:
        opened.catalogs.put(a_catalog())
        yield opened


def owner_of(workspace: Workspace) -> Owner:
    found = holder(workspace.folder)
    assert found
    return found


def test_a_command_is_done_by_the_app_that_has_the_workspace(served: Workspace):
    words = ["generate", "--catalog", "sample", "--dataset", "d", "--count", "3"]
    result = CliRunner().invoke(app, [*words, "--workspace", str(served.folder), "--json"])
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["asked"] == 3
    assert "generate d: succeeded" in result.stderr
    assert served.datasets.info("d").dialogues == 3


def test_an_edit_typed_while_the_app_is_open_is_in_the_app_at_once(served: Workspace):
    words = ["catalog", "pin", "sample", "CRM_CreateLead", "CRM_UpdateLead", "--who", "Ana"]
    result = CliRunner().invoke(app, [*words, "--workspace", str(served.folder), "--json"])
    assert result.exit_code == 0, result.output
    assert served.catalogs.get("sample").pinned == (("CRM_CreateLead", "CRM_UpdateLead"),)
    assert served.catalogs.get("sample").version == json.loads(result.stdout)["version"]
    assert served.catalogs.history("sample")[0].who == "Ana"
    refused = CliRunner().invoke(app, [*words[:4], "none", "--workspace", str(served.folder), "--json"])
    assert refused.exit_code == 2
    assert "has no tool 'none'" in refused.stderr


def test_what_the_user_can_mend_comes_back_as_one_message(served: Workspace):
    result = CliRunner().invoke(app, ["ambiguity", "none", "--workspace", str(served.folder), "--json"])
    assert result.exit_code == 2
    assert "There is no catalog 'none'" in result.stderr
    with pytest.raises(DiaForgeError, match="'none'"):
        hand_over(owner_of(served), "ambiguity", {"name": "none"}, lambda run: None)


def test_files_are_found_whatever_folder_the_command_was_typed_in(
    served: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)
    Path("bad.jsonl").write_text("{}\n")
    result = CliRunner().invoke(app, ["load", "bad.jsonl", "--dataset", "d", "--workspace", str(served.folder)])
    assert result.exit_code == 2
    assert "line 1" in result.stderr


@pytest.mark.parametrize("token", ["", "wrong", "Bearer"])
def test_nobody_without_the_token_is_served(served: Workspace, token: str):
    connection = http.client.HTTPConnection("127.0.0.1", owner_of(served).port)
    connection.request("POST", "/command", b'{"command": "runs", "params": {}}', {"Authorization": f"Bearer {token}"})
    assert connection.getresponse().status == 401
    connection.close()


def test_only_the_one_address_is_served(served: Workspace):
    owner = owner_of(served)
    for method, path, status in (("POST", "/other", 404), ("GET", "/command", 501)):
        connection = http.client.HTTPConnection("127.0.0.1", owner.port)
        connection.request(method, path, b"{}", {"Authorization": f"Bearer {owner.token}"})
        assert connection.getresponse().status == status
        connection.close()


def test_an_app_that_went_away_is_named(tmp_path: Path):
    with open_workspace(tmp_path / "workspace", serve_handover=True) as opened:
        owner = owner_of(opened)
    with pytest.raises(WorkspaceError, match=str(owner.pid)):
        hand_over(owner, "runs", {}, lambda run: None)
    assert holder(tmp_path / "workspace") is None


def test_a_holder_that_takes_no_commands_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("diaforge_core.services.handover.PATIENCE_SECONDS", 0.1)
    with open_workspace(tmp_path / "workspace", what="command train"):
        result = CliRunner().invoke(app, ["runs", "--workspace", str(tmp_path / "workspace"), "--json"])
    assert result.exit_code == 2
    assert "command train" in result.stderr


def test_the_app_starts_queued_runs_without_a_page_open(served: Workspace):
    from diaforge_core.generator.recipe import Recipe

    run = served.generation.start(Recipe(catalog="sample", dataset="d", count=2))
    import time

    deadline = time.monotonic() + 30
    while served.jobs.get(run.id).state != "succeeded":
        assert time.monotonic() < deadline
        time.sleep(0.1)
