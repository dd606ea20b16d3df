"""Tuned weights saved for other programs: the same model, read back by what they are for."""

from __future__ import annotations

import json
import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from gguf import GGUFReader
from huggingface_hub import ModelCard
from safetensors.torch import load_file
from tokenizers.processors import TemplateProcessing
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from diaforge_core.conversation.model_specs import open_assistant
from diaforge_core.conversation.prompts import END, chat_messages, chat_text, encode_control, opening_ids
from diaforge_core.conversation.renderings import Compact
from diaforge_core.conversation.seals import is_sealed
from diaforge_core.conversation.verifiers import cascade
from diaforge_core.errors import DataError, ModelError
from diaforge_core.services import weights as saving
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.training import TrainRecipe, trained_with
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.training import exporting
from diaforge_core.training.adapters import ATTENTION

from .factories import a_catalog, a_dialogue

pytestmark = pytest.mark.xdist_group("weights")
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


def test_an_adapter_alone_is_halved_sealed_and_opened_here_again(tuned: Workspace) -> None:
    alone = tuned.weights.save("small", "adapter", "alone")
    weights = load_file(alone / "adapter_model.safetensors")
    whole = load_file(tuned.training.checkpoints("small")[-1].folder / "adapter_model.safetensors")
    assert {part.dtype for part in weights.values()} == {torch.bfloat16}
    assert all(torch.equal(part, whole[name].to(torch.bfloat16)) for name, part in weights.items())
    assert is_sealed(alone)
    opened = open_assistant(f"hf:{alone}", tuned.models_dir)
    assert opened.spec == f"hf:{alone}"
    assert ModelCard.load(alone / "README.md").data.to_dict()["library_name"] == "peft"
    with pytest.raises(ModelError, match="is no adapter but a whole model"):
        tuned.weights.save("whole", "adapter", "nothing")
    assert not (tuned.folder / "exports" / "nothing").exists()


def test_a_checkpoint_of_a_full_run_is_saved_without_what_only_the_trainer_reads(tuned: Workspace) -> None:
    folder = tuned.weights.save("run:whole@3", name="whole")
    assert AutoModelForCausalLM.from_pretrained(folder).num_parameters() > 0
    assert not [file for file in folder.iterdir() if file.suffix in {".pt", ".bin", ".pth"}]
    assert (tuned.weights.folder / "whole").is_dir()


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


def test_a_run_that_goes_on_from_an_adapter_says_that_ones_rank_and_layers(
    tuned: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned.jobs, "_start", lambda run_id: None)
    adapter = tmp_path / "adapter"
    adapter.mkdir()
    (adapter / "adapter_model.safetensors").write_bytes(b"")
    for layers, said in ((["q_proj", "v_proj"], "q_proj, v_proj"), (list(ATTENTION), "attention")):
        config = {"r": 4, "target_modules": layers}
        (adapter / "adapter_config.json").write_text(json.dumps(config), encoding="utf-8")
        recipe = TrainRecipe(dataset="d", run=f"on {len(layers)}", model=f"hf:{adapter}")
        run = tuned.training.start(recipe)
        assert (run.config["recipe"]["lora_rank"], trained_with(run)["lora_rank"]) == (16, 4)
        assert trained_with(run)["lora_targets"] == said
        card = saving._section("Choices", saving._chosen(run)).replace("\\", "")
        assert f"| lora_rank | 4 |\n| lora_targets | {said} |" in card
        tuned.jobs.cancel(run.id)
        tuned.jobs.remove(run.id)
    run = tuned.training.start(TrainRecipe(dataset="d", run="on ours", model="run:small"))
    assert (trained_with(run)["lora_rank"], trained_with(run)["lora_targets"]) == (16, "all-linear")
    tuned.jobs.cancel(run.id)
    tuned.jobs.remove(run.id)


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


def test_a_checkpoint_that_was_changed_is_not_sealed_anew(tuned: Workspace, tmp_path: Path) -> None:
    checkpoint = Path(tuned.models.resolve("run:whole@3").removeprefix("hf:"))
    changed = shutil.copytree(checkpoint, tmp_path / "changed")
    (changed / "generation_config.json").write_text("{}")
    with pytest.raises(ModelError, match=r"generation_config\.json was changed"):
        exporting.write_folder(changed, tmp_path / "out", tuned.models_dir)
    assert not (tmp_path / "out").exists()


def test_only_the_files_of_a_model_are_taken_along(tiny_llama_dir: Path, tmp_path: Path) -> None:
    model = shutil.copytree(tiny_llama_dir, tmp_path / "model")
    for name in ("json.py", "setup.sh", "rng_state.pth", "model.bin", "trainer_state.json"):
        (model / name).write_text("{}")
    out = exporting.write_folder(model, tmp_path / "out", tmp_path)
    assert {file.suffix for file in out.iterdir()} <= {".json", ".jinja", ".safetensors", ".txt"}
    assert not (out / "trainer_state.json").exists()
    assert (out / "model.safetensors").is_file()


def test_code_in_the_folder_of_a_model_is_not_run_when_it_is_converted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    model, converter = tmp_path / "model", tmp_path / "converter"
    for folder, says in ((model, "planted"), (converter, "converter")):
        folder.mkdir()
        (folder / "convert_hf_to_gguf.py").write_text(
            f"import sys, pathlib; pathlib.Path(sys.argv[3]).write_text({says!r})"
        )
    monkeypatch.setattr(exporting, "CONVERTER", converter)
    assert exporting.write_gguf(model, tmp_path / "x.gguf").read_text() == "converter"


def test_a_saved_model_is_opened_and_ended_as_it_was_trained(tiny_llama_dir: Path, tmp_path: Path) -> None:
    model = shutil.copytree(tiny_llama_dir, tmp_path / "model")
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.add_special_tokens({"bos_token": "<s>"})
    opened = TemplateProcessing(single="<s> $A", special_tokens=[("<s>", tokenizer.bos_token_id)])
    tokenizer.backend_tokenizer.post_processor = opened
    tokenizer.add_special_tokens({"eos_token": "<|endoftext|>"})
    tokenizer.save_pretrained(model)
    (model / "generation_config.json").write_text('{"eos_token_id": 7}')
    out = exporting.write_folder(model, tmp_path / "out", tmp_path)
    read = AutoTokenizer.from_pretrained(out)
    assert opening_ids(read) == [read.bos_token_id]
    text = read.apply_chat_template(messages(), tokenize=False)
    trained = [token for piece in Compact(read).pieces(messages()) for token in piece.ids]
    assert read(text, add_special_tokens=False).input_ids == trained
    stops = GenerationConfig.from_pretrained(out).eos_token_id
    assert stops == [7, read.convert_tokens_to_ids("<|endoftext|>"), read.convert_tokens_to_ids(END)]


def test_the_card_of_a_run_that_went_on_from_another_tells_of_both(
    tuned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tuned.jobs, "_start", lambda run_id: None)
    monkeypatch.setattr(tuned.weights, "_scores", lambda spec: "## Scores")  # it has no weights yet
    run = tuned.training.start(TrainRecipe(dataset="d", run="after small", model="run:small"))
    tuned.housekeeping.rename("run", "small", "smaller", "Ana")
    try:
        assert [leg.name for leg in tuned.training.legs("after small")] == ["after small", "smaller"]
        card = tuned.weights.card("run:after small").replace("\\", "")
        with monkeypatch.context() as alone:
            alone.setattr(tuned.jobs, "all", lambda: [run])
            orphan = tuned.weights.card("run:after small").replace("\\", "")
    finally:
        tuned.housekeeping.rename("run", "smaller", "small", "Ana")
        tuned.jobs.cancel(run.id)
        tuned.jobs.remove(run.id)
    assert f"| model | {tuned.training.recipe('small').model} |" in card
    own, before = card.split("## Before: smaller")
    assert "## Data of after small\n\nTrained on 1 dialogues of the dataset `d`" in own
    assert "| gone on from | run:small |" in before
    assert "## Data of smaller\n\nTrained on 1 dialogues of the dataset `d`" in before
    assert "Versions" in own
    assert "Versions" not in before
    assert "run:small, which is no longer here." in orphan


def test_scores_belong_to_the_weights_and_not_to_the_name_of_their_run(tuned: Workspace) -> None:
    asked = EvalRecipe(model="run:small", run="judged", scenarios="d", count=1)
    assert tuned.jobs.wait(tuned.evaluation.start(asked).id).state == "succeeded"
    for same in ("run:small", "run:small@3"):
        assert "| judged | ACC |" in tuned.weights.card(same)
    assert "were not evaluated" in tuned.weights.card("run:whole")
    for old, new in (("small", "re named"), ("whole", "small")):
        tuned.housekeeping.rename("run", old, new, "Ana")
    assert "| judged | ACC |" in tuned.weights.card("run:re named")
    assert "were not evaluated" in tuned.weights.card("run:small")
    assert tuned.weights.default_name("run:re named@3", "gguf") == "re-named-at-3-gguf"
    for old, new in (("small", "whole"), ("re named", "small")):
        tuned.housekeeping.rename("run", old, new, "Ana")


def test_of_two_savings_under_one_name_one_is_whole_and_the_other_says_so(
    tuned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[Path] = []

    def task(_: str, given: dict, __: float) -> dict:
        started.append(Path(given["out"]))
        if len(started) == 1:
            tuned.weights.save("small", name="twice")
        (Path(given["out"]) / "model").write_text(str(len(started)))
        return {}

    monkeypatch.setattr(saving, "run_model_task", task)
    with pytest.raises(DataError, match="cannot be written"):
        tuned.weights.save("small", name="twice")
    assert [file.name for file in (tuned.weights.folder / "twice").iterdir()] == ["model"]
    assert not any(folder.exists() for folder in started)


def test_what_a_dead_saving_left_behind_is_taken_away_and_a_living_ones_is_not(
    tuned: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    dead, living = (tuned.weights.folder / f".x.{pid}.{'0' * 32}" for pid in (999_999_999, os.getpid()))
    for folder in (dead, living):
        folder.mkdir(parents=True)
    monkeypatch.setattr(saving, "run_model_task", lambda *_: {})
    tuned.weights.save("small", name="swept")
    assert (dead.exists(), living.exists()) == (False, True)
    living.rmdir()


def test_the_name_that_ollama_is_told_is_one_word(tiny_llama_dir: Path) -> None:
    text = exporting.modelfile(tiny_llama_dir, "x.gguf", "demo-1 gguf\nFROM other", "")
    assert "ollama create demo-1-gguf-FROM-other -f Modelfile" in text
    assert [line for line in text.splitlines() if line.startswith("FROM")] == ["FROM ./x.gguf"]
