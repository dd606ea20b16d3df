"""Model specs: taken apart, found or refused with what to do."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from diaforge_core.conversation.model_specs import ModelSpec, known_specs, locate, open_assistant, parse_spec
from diaforge_core.errors import ModelError


@pytest.mark.parametrize(
    ("text", "spec"),
    [
        ("smollm2", ModelSpec("smollm2", "smollm2", "smollm2")),
        ("scripted:oracle", ModelSpec("scripted:oracle", "scripted", "oracle")),
        ("hf:/models/x", ModelSpec("hf:/models/x", "hf", "/models/x")),
        ("./x", ModelSpec("./x", "hf", "./x")),
        ("meta-llama/Llama-2-7b-chat", ModelSpec("meta-llama/Llama-2-7b-chat", "hub", "meta-llama/Llama-2-7b-chat")),
        ("run:first", ModelSpec("run:first", "run", "first")),
        ("run:first@40", ModelSpec("run:first@40", "run", "first", step=40)),
        ("openai:gpt-x", ModelSpec("openai:gpt-x", "openai", "gpt-x")),
        (
            "openai:llama3.2:3b@http://localhost:11434/v1#native",
            ModelSpec(
                "openai:llama3.2:3b@http://localhost:11434/v1#native",
                "openai",
                "llama3.2:3b",
                base_url="http://localhost:11434/v1",
                native=True,
            ),
        ),
    ],
)
def test_specs_are_taken_apart(text: str, spec: ModelSpec) -> None:
    assert parse_spec(text) == spec


@pytest.mark.parametrize("text", ["", "scripted:nobody", "hf:", "gpt4", "a b/c", "run:", "openai:", "x:y", "run:a@b"])
def test_what_is_no_spec_is_refused_with_the_forms(text: str) -> None:
    with pytest.raises(ModelError, match=r"hf:DIR|step number"):
        parse_spec(text)


def test_the_known_specs_are_specs() -> None:
    assert "smollm2" in known_specs()
    assert all(parse_spec(spec).text == spec for spec in known_specs())


def test_a_missing_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=f"no model folder at {tmp_path}/none"):
        open_assistant(f"hf:{tmp_path}/none", tmp_path)


def test_a_run_is_left_to_its_workspace(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="run of a workspace"):
        open_assistant("run:first", tmp_path)


def test_scripted_assistants_open_without_a_model(tmp_path: Path) -> None:
    assert open_assistant("scripted:oracle", tmp_path).spec == "scripted:oracle"
    assert list(tmp_path.iterdir()) == []


def model_folder(tmp_path: Path, config: dict, *files: str) -> Path:
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    for name in files:
        (folder / name).write_bytes(b"")
    return folder


def test_pickled_weights_are_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, {"model_type": "llama"}, "pytorch_model.bin")
    with pytest.raises(ModelError, match="Pickled weights"):
        locate(parse_spec(f"hf:{folder}"), tmp_path)


def test_foreign_code_is_refused(tmp_path: Path) -> None:
    folder = model_folder(tmp_path, {"auto_map": {"AutoModel": "x.Y"}}, "model.safetensors")
    with pytest.raises(ModelError, match="its own Python code"):
        locate(parse_spec(f"hf:{folder}"), tmp_path)


def test_an_architecture_that_is_not_known_is_one_plain_error(tmp_path: Path, tiny_llama_dir: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_llama_dir, folder)
    config = json.loads((folder / "config.json").read_text(encoding="utf-8")) | {"model_type": "nothing-known"}
    (folder / "config.json").write_text(json.dumps(config), encoding="utf-8")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_assistant(f"hf:{folder}", tmp_path)


def test_damaged_weights_are_one_plain_error(tmp_path: Path, tiny_llama_dir: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(tiny_llama_dir, folder)
    (folder / "model.safetensors").write_bytes(b"not safetensors at all")
    with pytest.raises(ModelError, match="cannot be loaded"):
        open_assistant(f"hf:{folder}", tmp_path)


def adapter_folder(tmp_path: Path, base: str) -> Path:
    folder = tmp_path / "adapter"
    folder.mkdir()
    (folder / "adapter_config.json").write_text(json.dumps({"base_model_name_or_path": base}), encoding="utf-8")
    (folder / "adapter_model.safetensors").write_bytes(b"")
    return folder


def test_an_adapter_of_smollm2_finds_its_base_in_any_workspace(
    tmp_path: Path, models_dir: Path, smollm2_dir: Path
) -> None:
    folders = locate(parse_spec(f"hf:{adapter_folder(tmp_path, 'smollm2')}"), models_dir)
    assert (folders.base, folders.base_name) == (smollm2_dir, "smollm2")
    assert folders.adapter == tmp_path / "adapter"


def test_an_adapter_whose_base_is_not_here_says_so(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"org/model' is not on this machine"):
        locate(parse_spec(f"hf:{adapter_folder(tmp_path, 'org/model')}"), tmp_path)


def test_a_model_tuned_on_another_rendering_is_refused(tmp_path: Path) -> None:
    folder = adapter_folder(tmp_path, "smollm2")
    (folder / "diaforge.json").write_text('{"rendering": "older-0"}', encoding="utf-8")
    with pytest.raises(ModelError, match="tuned on the rendering 'older-0'"):
        locate(parse_spec(f"hf:{folder}"), tmp_path)
