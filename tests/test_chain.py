"""The whole loop by commands alone: import, generate, verify, split, train, evaluate, compare, export."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

TWILIO = Path(__file__).parents[2] / "shared" / "catalogs" / "twilio" / "twilio_messaging_v1.json"
OWN = Path(__file__).parents[1] / "data" / "enterprise_openapi.json"
METRICS = {"acc", "tool_accuracy", "ftr", "tar", "tcp", "tcr", "pkp", "pkr", "conv_rel", "ttr", "mattr", "ngd"}


def command(workspace: Path, *words: str, expect: int = 0) -> dict[str, Any]:
    """The one JSON object that the command printed; fails the test on another exit code."""
    done = subprocess.run(
        [sys.executable, "-m", "diaforge_core", *words, "--workspace", str(workspace), "--json"],
        capture_output=True,
        text=True,
        timeout=500,
        env=os.environ | {"HF_HUB_OFFLINE": "1"},
        check=False,
    )
    assert done.returncode == expect, f"{words}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert "Traceback" not in done.stderr
    return json.loads(done.stdout) if expect == 0 else {"message": done.stderr}


@pytest.mark.timeout(900)
def test_the_chain_from_an_openapi_file_to_a_tuned_and_evaluated_model(tmp_path: Path, tiny_llama_dir: Path):
    base = f"hf:{tiny_llama_dir}"
    workspace = tmp_path / "workspace"
    document = TWILIO if TWILIO.is_file() else OWN

    imported = command(workspace, "import", str(document), "--name", "real")
    assert imported["tools"] >= 20
    assert imported["skipped"] == []

    ambiguity = command(workspace, "ambiguity", "real")
    assert ambiguity["tools"] == imported["tools"]
    assert ambiguity["clusters"]
    assert len(ambiguity["nearest"]) == imported["tools"]

    made = command(workspace, "generate", "--catalog", "real", "--dataset", "d", "--count", "40", "--seed", "7")
    assert made["asked"] == 40
    assert made["accepted"] + sum(made["rejected"].values()) == 40
    assert made["accepted"] >= 32
    assert 2.0 <= made["assistant_turns_per_dialogue"] <= 3.5
    assert sum(made["tiers"].values()) == made["accepted"]

    verified = command(workspace, "verify", "d")
    assert verified["dialogues"] == 40
    assert verified["passed"] == made["accepted"]

    parts = command(workspace, "split", "d", "--held-out", "0.2", "--validation", "0.1", "--seed", "7")
    assert parts["train"] + parts["validation"] + parts["held_out"] + parts["dropped"] == made["accepted"]
    assert min(parts["train"], parts["held_out"]) > 0

    trained = command(
        workspace, "train", "--dataset", parts["train_dataset"], "--model", base, "--run", "tuned",
        "--max-steps", "2", "--batch-size", "1", "--lora-rank", "4",
    )  # fmt: skip
    assert trained["steps"] == 2
    assert trained["target_tokens"] > 0
    assert trained["loss_first"] > 0
    assert (Path(trained["adapter"]) / "adapter_model.safetensors").is_file()

    for model, run in ((base, "base"), ("run:tuned", "after")):
        scores = command(
            workspace, "evaluate", "--model", model, "--scenarios", parts["held_out_dataset"],
            "--count", "1", "--trials", "1", "--seed", "3", "--run", run,
        )  # fmt: skip
        assert scores["run"] == run
        assert set(scores) >= METRICS | {"run", "outcomes", "per_tier", "questions", "redundant", "effort", "lucky"}
        assert scores["conv_rel"] is None or set(scores["conv_rel"]) == {"value", "low", "high", "n"}

    oracle = command(
        workspace, "evaluate", "--model", "scripted:oracle", "--catalog", "real", "--count", "30", "--run", "oracle"
    )
    cautious = command(
        workspace, "evaluate", "--model", "scripted:cautious", "--catalog", "real", "--count", "30", "--run", "cautious"
    )
    assert oracle["acc"]["value"] >= 0.9
    assert cautious["tar"]["value"] == 1.0

    compared = command(workspace, "compare", "oracle", "cautious")
    assert compared["difference"]["acc"]["low"] > 0
    assert compared["verdict"]

    out = tmp_path / "train.jsonl"
    command(workspace, "export", "d", "--format", "trl", "--out", str(out))
    rows = [json.loads(line) for line in out.read_text().splitlines()]
    assert len(rows) == made["accepted"]
    assert all({tool["type"] for tool in json.loads(row["tools"])} == {"function"} for row in rows)

    runs = command(workspace, "runs")
    assert {run["name"] for run in runs["runs"]} >= {"tuned", "base", "after", "oracle", "cautious"}


def test_the_same_seed_makes_the_same_dialogues_in_another_workspace(tmp_path: Path):
    files = []
    for place in ("one", "two"):
        workspace, out = tmp_path / place, tmp_path / f"{place}.jsonl"
        command(workspace, "import", str(OWN), "--name", "own")
        command(workspace, "generate", "--catalog", "own", "--dataset", "d", "--count", "12", "--seed", "5")
        command(workspace, "export", "d", "--format", "openai", "--out", str(out))
        files.append(out.read_bytes())
    assert files[0] == files[1]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("import", "nowhere.json", "--name", "x"), "nowhere.json"),
        (("generate", "--catalog", "none", "--dataset", "d", "--count", "3", "--seed", "1"), "none"),
        (("verify", "none"), "none"),
        (("train", "--dataset", "none", "--model", "smollm2", "--run", "r"), "none"),
        (("evaluate", "--model", "run:none", "--catalog", "none", "--count", "1", "--run", "r"), "none"),
        (("compare", "a", "b"), "a"),
        (("export", "none", "--format", "trl", "--out", "x.jsonl"), "none"),
        (("resume", "none"), "none"),
    ],
)
def test_a_wrong_name_is_one_message_and_exit_code_two(tmp_path: Path, words: tuple[str, ...], said: str):
    message = command(tmp_path / "workspace", *words, expect=2)["message"]
    assert said in message
    assert "Traceback" not in message
