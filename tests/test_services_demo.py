from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.records.run import Run
from diaforge_core.services import demo
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.workspace import open_workspace


@pytest.mark.timeout(120)
def test_the_demo_fills_every_state_and_is_rebuilt_without_touching_the_rest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(demo, "DIALOGUES", 20)
    monkeypatch.setattr(demo, "SCENARIOS", 4)
    with open_workspace(tmp_path / "workspace") as workspace:
        built = COMMANDS["demo"](workspace, {"if_empty": True}, lambda run: None)
        assert built["built"]
        info = workspace.datasets.info("demo")
        assert info.dialogues == 20
        assert min(info.accepted, info.rejected, info.flagged, info.pending) > 0
        assert {run.name for run in workspace.evaluation.runs()} == set(demo.own_runs())
        assert {"demo random", "demo smollm2", "demo smollm2-diaforge"} <= set(demo.own_runs())
        assert all(run.result["acc"] for run in workspace.evaluation.runs())
        assert {decision.who for decision in workspace.review.recent()} == {"Demo"}
        ids = workspace.review.queue("demo", None)

        assert COMMANDS["demo"](workspace, {"if_empty": True}, lambda run: None) == {"built": False}
        assert workspace.demo.build()["accepted"] == info.accepted

        workspace.datasets.create("mine")
        workspace.datasets.add("mine", workspace.datasets.load("demo", "all")[:2])
        workspace.review.decide(workspace.review.queue("demo")[0], 1, "accept", "", "Ana")
        workspace.demo.reset()
        again = workspace.datasets.info("demo")
        assert workspace.review.queue("demo", None) == ids
        assert again.accepted >= info.accepted - 1
        assert workspace.datasets.info("mine").dialogues == 2
        assert len(workspace.evaluation.runs()) == len(demo.own_runs())


@pytest.mark.timeout(120)
def test_a_demo_that_was_interrupted_is_built_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(demo, "DIALOGUES", 20)
    monkeypatch.setattr(demo, "SCENARIOS", 4)

    def interrupt(run: Run) -> None:
        raise KeyboardInterrupt

    with open_workspace(tmp_path / "workspace") as workspace, pytest.raises(KeyboardInterrupt):
        COMMANDS["demo"](workspace, {"if_empty": True}, interrupt)
    with open_workspace(tmp_path / "workspace") as workspace:
        assert not workspace.is_empty
        built = COMMANDS["demo"](workspace, {"if_empty": True}, lambda run: None)
        assert built["built"]
        assert min(built["accepted"], built["rejected"], built["flagged"]) > 0
        assert COMMANDS["demo"](workspace, {"if_empty": True}, lambda run: None) == {"built": False}
