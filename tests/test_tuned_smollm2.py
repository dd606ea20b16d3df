"""The adapter that comes with the project: offered where it is there, opened as any other, and missed in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.conversation import smollm2
from diaforge_core.conversation.model_specs import known_specs, locate, open_assistant, parse_spec
from diaforge_core.conversation.view import View
from diaforge_core.errors import ModelError
from diaforge_core.records.run import Run
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.workspace import Workspace, open_workspace

from .factories import a_catalog, a_setting, sales_tools, user


@pytest.fixture
def tuned(tmp_path: Path, tiny_llama_dir: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tiny adapter where the project keeps its own."""
    from peft import LoraConfig, get_peft_model
    from transformers import AutoModelForCausalLM

    folder = tmp_path / "shipped"
    config = LoraConfig(r=2, target_modules=["q_proj"], task_type="CAUSAL_LM")
    adapted = get_peft_model(AutoModelForCausalLM.from_pretrained(tiny_llama_dir), config)
    adapted.peft_config["default"].base_model_name_or_path = f"hf:{tiny_llama_dir}"
    adapted.save_pretrained(str(folder))
    monkeypatch.setattr(smollm2, "TUNED_FOLDER", folder)
    return folder


@pytest.fixture
def none_shipped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(smollm2, "TUNED_FOLDER", tmp_path / "none")


def offered(workspace: Workspace) -> set[str]:
    return {choice.spec for choice in workspace.models.choices(scripted=False)}


def test_the_adapter_is_opened_over_its_base(tuned: Path, tiny_llama_dir: Path, tmp_path: Path) -> None:
    folders = locate(parse_spec("smollm2-diaforge"), tmp_path)
    assert (folders.base, folders.adapter) == (tiny_llama_dir, tuned)
    assistant = open_assistant("smollm2-diaforge", tmp_path)
    said = assistant.act(View(sales_tools()[:2], a_setting(), (user("Put John into the system."),)), 0)
    assert (said.speaker, assistant.spec) == ("assistant", "smollm2-diaforge")


def test_it_is_offered_and_evaluated_by_its_name(tuned: Path, tmp_path: Path) -> None:
    assert "smollm2-diaforge" in known_specs()
    with open_workspace(tmp_path / "workspace") as workspace:
        assert "smollm2-diaforge" in offered(workspace)
        workspace.catalogs.put(a_catalog())
        run: Run = workspace.evaluation.start(EvalRecipe(model="smollm2-diaforge", catalog="sample", count=1))
        done = workspace.jobs.wait(run.id, timeout_seconds=120)
        assert done.state == "succeeded", done.error
        assert run.config["model"] == f"hf:{tuned}"
        assert {trace.assistant for trace in workspace.traces.of_run(run.id)} == {"smollm2-diaforge"}


@pytest.mark.usefixtures("none_shipped")
def test_a_copy_without_it_does_not_offer_it_and_says_so_where_it_is_asked_for(tmp_path: Path) -> None:
    assert "smollm2-diaforge" not in known_specs()
    with open_workspace(tmp_path / "workspace") as workspace:
        assert "smollm2-diaforge" not in offered(workspace)
        with pytest.raises(ModelError, match=r"without the adapter of `smollm2-diaforge`.*use `smollm2`"):
            workspace.models.resolve("smollm2-diaforge")
