"""What a model can do besides: the measure tells a model that can from one that cannot."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from diaforge_core.catalog.arguments import validate
from diaforge_core.conversation.wording import runs_of, sequences
from diaforge_core.errors import ModelError
from diaforge_core.records.tool import Tool
from diaforge_core.services.model_tasks import run_model_task
from diaforge_core.settings import DATA_DIR
from diaforge_core.training.retention import FILE, Retained, retained

TOLD = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))


def test_every_wanted_call_is_valid_and_said_in_full() -> None:
    tools = {tool["name"]: Tool.model_validate(tool) for tool in TOLD["tools"]}
    for each in TOLD["calls"]:
        arguments = each["call"]["arguments"]
        assert validate(tools[each["call"]["name"]], arguments) == []
        assert all(str(value).casefold() in each["says"].casefold() for value in arguments.values()), each


def test_what_it_asks_is_in_no_phrase_bank_and_of_no_sample_tool() -> None:
    texts = [*(each["prompt"] + " " + each["reply"] for each in TOLD["replies"]), *(c["says"] for c in TOLD["calls"])]
    runs = {run for text in texts for run in runs_of(text)}
    assert not runs & (sequences("generation") | sequences("evaluation"))
    sample = (DATA_DIR / "enterprise_apis.json").read_text(encoding="utf-8")
    assert not any(re.search(rf"\b{tool['name']}\b", sample) for tool in TOLD["tools"])


def test_a_model_that_guesses_hesitates_among_its_whole_vocabulary(tiny_llama_dir: Path, tmp_path: Path) -> None:
    told = run_model_task("retention", {"model": f"hf:{tiny_llama_dir}", "models_dir": str(tmp_path)})
    found = Retained.model_validate(told)
    assert (found.replies, found.calls) == (len(TOLD["replies"]), len(TOLD["calls"]))
    assert (found.called, found.right) == (0, 0)
    assert found.perplexity == pytest.approx(49152, rel=0.2)


def test_the_embedded_model_finds_plain_replies_likely(smollm2_dir: Path, models_dir: Path, monkeypatch) -> None:
    monkeypatch.setattr("diaforge_core.training.retention._calls", lambda _, tools, requests: [None] * len(requests))
    found = retained("smollm2", models_dir)
    assert found.perplexity < 20
    assert math.isclose(math.log(found.perplexity), found.loss)


def test_a_script_has_nothing_to_retain(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="has no weights on this machine"):
        retained("scripted:oracle", tmp_path)
