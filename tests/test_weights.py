"""Tuned weights saved for other programs: the same model, read back by what they are for."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from gguf import GGUFReader
from huggingface_hub import ModelCard
from transformers import AutoModelForCausalLM, AutoTokenizer

from diaforge_core.conversation.prompts import END, chat_messages, chat_text, encode_control
from diaforge_core.conversation.verifiers import cascade
from diaforge_core.errors import DataError, ModelError
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.training import exporting

from .factories import a_catalog, a_dialogue

needs_converter = pytest.mark.skipif(
    not (exporting.CONVERTER / "convert_hf_to_gguf.py").is_file(),
    reason=f"{exporting.CONVERTER_NEEDS} is not installed",
)


@pytest.fixture(scope="module")
def tuned(tiny_llama_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """A workspace with two runs of a tiny model, so fast in learning that it no longer writes what its base does."""
    with open_workspace(tmp_path_factory.mktemp("weights") / "workspace") as workspace:
        workspace.catalogs.put(a_catalog())
        workspace.datasets.create("d")
        workspace.datasets.add("d", [cascade(a_dialogue(), a_catalog())])
        for name, full in (("small", False), ("whole", True)):
            recipe = TrainRecipe(
                dataset="d", run=name, model=f"hf:{tiny_llama_dir}", max_steps=3, learning_rate=1e-2, full=full
            )
            assert workspace.jobs.wait(workspace.training.start(recipe).id).state == "succeeded"
        yield workspace


def messages():
    dialogue = a_dialogue()
    return chat_messages(a_catalog().subset(dialogue.scenario.candidates), dialogue.scenario.setting, dialogue.turns)


def greedy(model, tokenizer) -> list[int]:
    ids = torch.tensor([encode_control(tokenizer, chat_text(messages()))])
    return model.generate(ids, max_new_tokens=12, do_sample=False)[0, ids.shape[1] :].tolist()


@pytest.fixture(scope="module")
def plain(tuned: Workspace) -> Path:
    return tuned.weights.save("small", name="plain")


@pytest.fixture(scope="module")
def ollama(tuned: Workspace) -> Path:
    return tuned.weights.save("small", "gguf", "ollama", kind="f32")


def test_a_saved_folder_loads_by_itself_and_renders_as_we_do(tuned: Workspace, plain: Path) -> None:
    assert plain == tuned.folder / "exports" / "plain"
    tokenizer = AutoTokenizer.from_pretrained(plain)
    assert tokenizer.apply_chat_template(messages(), tokenize=False, add_generation_prompt=True) == chat_text(
        messages()
    )
    assert AutoModelForCausalLM.from_pretrained(plain).num_parameters() > 0
    assert ModelCard.load(plain / "README.md").data.to_dict()["library_name"] == "transformers"


def test_a_checkpoint_of_a_full_run_is_saved_without_what_only_the_trainer_reads(tuned: Workspace) -> None:
    folder = tuned.weights.save("run:whole@3", name="whole")
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 0
    assert not [file for file in folder.iterdir() if file.suffix in {".pt", ".bin", ".pth"}]
    assert [saved.name for saved in tuned.weights.saved() if saved.name == "whole"]


@needs_converter
def test_a_gguf_file_holds_the_same_model(plain: Path, ollama: Path, tiny_llama_dir: Path) -> None:
    file = ollama / "ollama.gguf"
    names = {tensor.name for tensor in GGUFReader(file).tensors}
    assert len(names) == len(AutoModelForCausalLM.from_pretrained(plain).state_dict()) - 1  # the tied output layer
    assert {"token_embd.weight", "blk.1.attn_q.weight", "output_norm.weight"} <= names
    fields = GGUFReader(file).fields
    tokenizer = AutoTokenizer.from_pretrained(plain)
    assert len(fields["tokenizer.ggml.tokens"].data) == len(tokenizer)
    assert fields["tokenizer.chat_template"].contents() == exporting.CHAT_TEMPLATE
    read = AutoModelForCausalLM.from_pretrained(ollama, gguf_file=file.name, dtype=torch.float32)
    expected = greedy(AutoModelForCausalLM.from_pretrained(plain, dtype=torch.float32), tokenizer)
    assert greedy(read, tokenizer) == expected
    assert greedy(AutoModelForCausalLM.from_pretrained(tiny_llama_dir, dtype=torch.float32), tokenizer) != expected


@needs_converter
def test_the_modelfile_renders_messages_as_the_trainer_did(ollama: Path) -> None:
    text = (ollama / "Modelfile").read_text("utf-8")
    template = re.search(r'TEMPLATE """(.*?)"""', text, re.DOTALL)
    assert template
    head, body, tail = re.split(r"\{\{- range \.Messages \}\}|\{\{ end \}\}", template.group(1))
    rendered = "".join(
        body.replace("{{ .Role }}", one["role"]).replace("{{ .Content }}", one["content"]) for one in messages()
    )
    assert head + rendered + tail == chat_text(messages())
    assert "FROM ./ollama.gguf" in text
    assert f'PARAMETER stop "{END}"' in text
    assert "PARAMETER temperature 0" in text


def test_the_card_says_base_licence_data_choices_and_that_nothing_was_evaluated(tuned: Workspace) -> None:
    card = ModelCard(tuned.weights.card("run:small"))
    assert card.data.to_dict()["library_name"] == "transformers"
    assert "not stated" in card.text
    assert "Trained on 1 dialogues of the dataset `d`" in card.text
    assert "learning\\_rate" in card.text or "learning_rate" in card.text
    assert "were not evaluated" in card.text


@pytest.mark.parametrize("name", ["../outside", "a/b", "..", "~", "/tmp/x"])
def test_no_name_leads_out_of_the_exports(tuned: Workspace, name: str) -> None:
    before = sorted(tuned.folder.parent.rglob("*"))
    with pytest.raises(DataError, match="cannot be the name"):
        tuned.weights.save("small", name=name)
    assert sorted(tuned.folder.parent.rglob("*")) == before


def test_what_is_there_is_never_written_over(tuned: Workspace, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("precious")
    with pytest.raises(DataError, match="not an empty folder"):
        tuned.weights.save("small", out=tmp_path)
    assert [file.name for file in tmp_path.iterdir()] == ["mine.txt"]


def test_a_missing_converter_is_one_message_with_the_line_that_installs_it(
    tuned: Workspace, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(exporting, "CONVERTER", tmp_path / "nowhere")
    with pytest.raises(ModelError, match=r"pip install --no-deps --target \S+nowhere -r requirements-gguf\.txt"):
        exporting.write_gguf(tmp_path, tmp_path / "x.gguf")


@needs_converter
def test_what_cannot_be_converted_leaves_nothing_behind(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"architectures": ["NoSuchModel"]}')
    with pytest.raises(ModelError, match="could not be converted"):
        exporting.write_gguf(tmp_path, tmp_path / "x.gguf")
    assert not (tmp_path / "x.gguf").exists()
