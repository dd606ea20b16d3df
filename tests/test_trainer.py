"""Runs: what they report, that they resume exactly, that they stop, and how they fail."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from safetensors.torch import load_file

from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.chat_models import ModelAssistant
from diaforge_core.conversation.model_specs import locate, open_assistant, parse_spec
from diaforge_core.conversation.seals import SEAL_FILE
from diaforge_core.errors import CatalogError, DataError, Interrupted, ModelError
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.training.checkpoints import newest_checkpoint
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.trainer import ToolCallingTrainer, tools_from
from diaforge_core.training.weights import merge_adapter
from diaforge_core.training.work import Watch

from .chat_templates import HERMES, with_template
from .factories import a_catalog, a_dialogue, a_scenario, lead_turns, sales_tools, six_dialogues

LOG_KEYS = {
    "step",
    "epoch",
    "loss",
    "learning_rate",
    "tokens_per_second",
    "target_tokens_total",
    "seconds_left",
    "peak_memory_bytes",
}


ONE_STEP = TrainingChoices(max_steps=1)


@pytest.fixture
def trainer(tiny_llama_dir: Path, models_dir: Path) -> ToolCallingTrainer:
    return ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")


def test_a_run_logs_every_step_and_leaves_an_adapter(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    rows: list[dict] = []
    model = trainer.train(
        six_dialogues(), epochs=2, batch_size=2, learning_rate=5e-3, out=tmp_path, watch=Watch(rows.append)
    )
    assert [row["step"] for row in rows] == [1, 2, 3, 4, 5, 6]
    assert all(row.keys() == LOG_KEYS for row in rows)
    assert model.steps == 6
    assert model.finished
    assert (model.loss_first, model.loss_last) == (rows[0]["loss"], rows[-1]["loss"])
    assert model.loss_last < model.loss_first
    assert model.target_tokens == rows[-1]["target_tokens_total"] > 0
    assert rows[-1]["seconds_left"] == 0
    names = {file.name for file in model.folder.iterdir()}
    assert {"adapter_config.json", "adapter_model.safetensors", "diaforge.json"} <= names
    assert not any(name.endswith((".bin", ".pt", ".pth")) for name in names)
    assert open_assistant(model.spec, trainer.models_dir).spec == model.spec


def test_a_stopped_and_resumed_run_ends_with_the_weights_of_an_unbroken_one(
    trainer: ToolCallingTrainer, tmp_path: Path
) -> None:
    choices = TrainingChoices(epochs=2, batch_size=2, learning_rate=5e-3, seed=3, checkpoint_every=2)
    straight: list[dict] = []
    whole = trainer.train(six_dialogues(), choices=choices, out=tmp_path / "whole", watch=Watch(straight.append))
    broken: list[dict] = []
    stopped = trainer.train(
        six_dialogues(),
        choices=choices,
        out=tmp_path / "broken",
        watch=Watch(broken.append, should_stop=lambda: len(broken) == 4, evaluate_checkpoint=use_up_random_numbers),
    )
    assert (stopped.steps, stopped.finished) == (4, False)
    resumed = trainer.train(
        six_dialogues(), choices=choices, out=tmp_path / "broken", watch=Watch(broken.append), resume=True
    )
    assert [row["step"] for row in broken] == [1, 2, 3, 4, 5, 6]
    assert [row["loss"] for row in broken] == [row["loss"] for row in straight]
    assert (resumed.steps, resumed.target_tokens) == (6, whole.target_tokens)
    assert resumed.loss_first == whole.loss_first
    ours, theirs = (load_file(one.folder / "adapter_model.safetensors") for one in (resumed, whole))
    assert all((ours[name] == theirs[name]).all() for name in theirs)


def use_up_random_numbers(folder: Path, step: int) -> dict[str, float]:
    """As an evaluation between two steps may do."""
    import torch

    torch.manual_seed(step)
    return {}


# 10 steps of 8 an epoch, and an evaluation of every checkpoint.
UNEVEN = TrainingChoices(max_steps=10, batch_size=1, checkpoint_every=5)


def eight() -> list[Dialogue]:
    return [*six_dialogues(), *six_dialogues()[:2]]


def test_a_run_ended_after_its_last_checkpoint_goes_on_without_another_step(
    trainer: ToolCallingTrainer, tmp_path: Path
) -> None:
    rows: list[dict] = []

    def end_at_last(_: Path, step: int) -> dict[str, float]:
        if step == 10:
            raise KeyboardInterrupt
        return {"acc": 0.5}

    with pytest.raises(KeyboardInterrupt):
        trainer.train(eight(), choices=UNEVEN, out=tmp_path, watch=Watch(rows.append, evaluate_checkpoint=end_at_last))
    saved = load_file(tmp_path / "checkpoints" / "checkpoint-10" / "adapter_model.safetensors")
    seen: list[int] = []
    watch = Watch(rows.append, evaluate_checkpoint=lambda _, step: seen.append(step) or {"acc": 0.7})
    done = trainer.train(eight(), choices=UNEVEN, out=tmp_path, watch=watch, resume=True)
    assert (done.steps, done.finished, len(rows), seen) == (10, True, 10, [10])
    assert done.best is not None
    assert done.best.step == 10
    ours = load_file(done.folder / "adapter_model.safetensors")
    assert all((ours[name] == saved[name]).all() for name in saved)


def test_a_run_that_is_found_tired_takes_no_step(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    choices, rows = UNEVEN.model_copy(update={"checkpoint_every": 2, "patience": 1}), []

    def worse(_: Path, step: int) -> dict[str, float]:
        if step == 4 and len(rows) == 4 and not (tmp_path / "again").exists():
            raise KeyboardInterrupt
        return {"acc": 1 / step}

    watch = Watch(rows.append, evaluate_checkpoint=worse)
    with pytest.raises(KeyboardInterrupt):
        trainer.train(eight(), choices=choices, out=tmp_path, watch=watch)
    (tmp_path / "again").touch()
    for _ in range(2):
        done = trainer.train(eight(), choices=choices, out=tmp_path, watch=watch, resume=True)
        assert (done.steps, done.finished, done.stopped_early, len(rows)) == (4, True, True, 4)


def test_a_stop_is_neither_evaluated_nor_counted(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    rows: list[dict] = []
    seen: list[int] = []

    def scores(_: Path, step: int) -> dict[str, float]:
        seen.append(step)
        return {"acc": 0.5}

    for at in (3, 5):
        watch = Watch(rows.append, should_stop=lambda at=at: len(rows) == at, evaluate_checkpoint=scores)
        stopped = trainer.train(eight(), choices=UNEVEN, out=tmp_path, watch=watch, resume=at > 3)
        assert (stopped.steps, stopped.finished, seen) == (at, False, [])
    trainer.train(eight(), choices=UNEVEN, out=tmp_path, watch=Watch(evaluate_checkpoint=scores), resume=True)
    assert seen == [5, 10]


def test_an_evaluation_that_a_stop_interrupts_counts_for_nothing_and_is_made_again(
    trainer: ToolCallingTrainer, tmp_path: Path
) -> None:
    def interrupted(*_: object) -> dict[str, float]:
        raise Interrupted("The run was asked to stop.")

    for step in (5, 5):
        stopped = trainer.train(
            eight(), choices=UNEVEN, out=tmp_path, watch=Watch(evaluate_checkpoint=interrupted), resume=True
        )
        assert (stopped.steps, stopped.finished, stopped.best) == (step, False, None)
    seen: list[int] = []
    watch = Watch(evaluate_checkpoint=lambda _, step: seen.append(step) or {"acc": 0.5})
    trainer.train(eight(), choices=UNEVEN, out=tmp_path, watch=watch, resume=True)
    assert seen == [5, 10]


def test_a_tuned_adapter_is_gone_on_with_as_it_is_or_not_at_all(
    trainer: ToolCallingTrainer, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small = TrainingChoices(max_steps=1, lora_rank=4, lora_targets="attention")
    first = trainer.train(six_dialogues(), choices=small, out=tmp_path / "first")
    onward = ToolCallingTrainer(first.spec, trainer.models_dir, a_catalog(), device="cpu")
    for other in ({"lora_rank": 8}, {"lora_rank": 8, "lora_targets": "attention"}):
        asked = TrainingChoices.of({"max_steps": 1} | other)
        with pytest.raises(ModelError, match=r"lora_rank 8 .*has lora_rank 4 .*k_proj, o_proj, q_proj, v_proj"):
            onward.train(six_dialogues(), choices=asked, out=tmp_path / "other")
    onward.train(six_dialogues(), choices=small, out=tmp_path / "same")
    capsys.readouterr()
    onward.train(six_dialogues(), choices=ONE_STEP, out=tmp_path / "default")
    assert "has lora_rank 4" in capsys.readouterr().err
    wide = trainer.train(six_dialogues(), choices=ONE_STEP, out=tmp_path / "wide")
    with pytest.raises(ModelError, match=r"lora_targets attention: .* has lora_rank 16 .*gate_proj"):
        ToolCallingTrainer(wide.spec, trainer.models_dir, a_catalog(), device="cpu").train(
            six_dialogues(), choices=TrainingChoices(max_steps=1, lora_targets="attention"), out=tmp_path / "narrow"
        )


def test_a_torn_checkpoint_is_passed_over(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    trainer.train(six_dialogues(), batch_size=2, out=tmp_path, choices=TrainingChoices(checkpoint_every=1))
    (tmp_path / "checkpoints" / "checkpoint-3" / SEAL_FILE).unlink()
    found = newest_checkpoint(tmp_path / "checkpoints")
    assert found is not None
    assert found.name == "checkpoint-2"


def test_a_run_resumes_only_with_what_it_started_with(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    trainer.train(six_dialogues(), batch_size=2, out=tmp_path, choices=ONE_STEP)
    with pytest.raises(DataError, match="batch_size, the dialogues changed"):
        trainer.train(six_dialogues()[:5], batch_size=3, out=tmp_path, choices=ONE_STEP, resume=True)


def test_each_checkpoint_is_offered_for_evaluation(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    seen = []
    trainer.train(
        six_dialogues(),
        batch_size=2,
        out=tmp_path,
        choices=TrainingChoices(checkpoint_every=2),
        watch=Watch(evaluate_checkpoint=lambda *of: seen.append((of[0].name, of[1], locate_adapter(of[0], trainer)))),
    )
    assert seen == [("checkpoint-2", 2, True), ("checkpoint-3", 3, True)]


def locate_adapter(folder: Path, trainer: ToolCallingTrainer) -> bool:
    return locate(parse_spec(f"hf:{folder}"), trainer.models_dir).adapter == folder


def test_a_run_notes_its_rendering_and_opens_with_it(tiny_llama_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    base = tmp_path / "base"
    shutil.copytree(tiny_llama_dir, base)
    with_template(base, HERMES).save_pretrained(base)
    trainer = ToolCallingTrainer(f"hf:{base}", models_dir, a_catalog(), device="cpu")
    tuned = trainer.train(six_dialogues()[:2], batch_size=2, out=tmp_path / "run")
    name = locate(parse_spec(tuned.spec), models_dir).rendering
    assert name.startswith("template-1:")
    assistant = open_assistant(tuned.spec, models_dir)
    assert isinstance(assistant, ModelAssistant)
    assert assistant.native
    assert assistant.model.rendering.name == name  # pyright: ignore[reportAttributeAccessIssue]
    with_template(base, HERMES + " ").save_pretrained(base)
    with pytest.raises(ModelError, match="tuned on the rendering"):
        open_assistant(tuned.spec, models_dir)


def test_dialogues_that_are_left_out_are_noted_with_the_run(
    trainer: ToolCallingTrainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("diaforge_core.training.trainer.context_of", lambda _base: 420)
    choices = TrainingChoices(too_long="leave_out", max_steps=1)
    dialogues = [a_dialogue(turns=lead_turns()[:2], id="brief"), a_dialogue(id="long")]
    trainer.train(dialogues, choices=choices, out=tmp_path)
    noted = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert list(noted["left_out"]) == ["long"]


def test_a_dialogue_may_be_given_fewer_tokens_than_the_model_reads(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    choices = TrainingChoices(too_long="leave_out", max_tokens=420, max_steps=1)
    dialogues = [a_dialogue(turns=lead_turns()[:2], id="brief"), a_dialogue(id="long")]
    trainer.train(dialogues, choices=choices, out=tmp_path)
    noted = json.loads((tmp_path / "training.json").read_text(encoding="utf-8"))
    assert list(noted["left_out"]) == ["long"]


def test_a_run_that_knew_fewer_choices_is_gone_on_with_under_their_defaults(
    trainer: ToolCallingTrainer, tmp_path: Path
) -> None:
    trainer.train(six_dialogues(), choices=TrainingChoices(max_steps=1), out=tmp_path)
    file = tmp_path / "training.json"
    noted = json.loads(file.read_text(encoding="utf-8"))
    del noted["choices"]["without_thoughts"]
    file.write_text(json.dumps(noted), encoding="utf-8")
    assert trainer.train(six_dialogues(), choices=TrainingChoices(max_steps=1), out=tmp_path, resume=True).finished
    other = TrainingChoices(max_steps=1, without_thoughts=True)
    with pytest.raises(DataError, match="without_thoughts, the dialogues changed"):
        trainer.train(six_dialogues(), choices=other, out=tmp_path, resume=True)


def test_one_pass_and_slices_train_alike(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    losses = []
    for layout in ("one_pass", "slices"):
        choices = TrainingChoices.of({"layout": layout, "learning_rate": 5e-3, "batch_size": 3})
        tuned = trainer.train(six_dialogues(), choices=choices, out=tmp_path / layout)
        losses.append((tuned.loss_first, tuned.loss_last))
    assert losses[0] == pytest.approx(losses[1], rel=1e-4)


def test_a_loss_that_is_no_number_ends_the_run_with_one_message(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"learning rate is usually too high") as problem:
        trainer.train(six_dialogues(), epochs=4, batch_size=1, learning_rate=1e30, out=tmp_path)
    assert "\n" not in str(problem.value)


def test_a_full_run_leaves_a_whole_model(trainer: ToolCallingTrainer, tmp_path: Path) -> None:
    model = trainer.train(six_dialogues(), batch_size=3, choices=TrainingChoices(max_steps=1, full=True), out=tmp_path)
    assert (model.folder / "model.safetensors").is_file()
    assert locate(parse_spec(model.spec), trainer.models_dir).adapter is None


def test_merging_an_adapter_gives_the_same_scores(
    trainer: ToolCallingTrainer, tiny_llama_dir: Path, tmp_path: Path
) -> None:
    import torch
    from transformers import AutoModelForCausalLM

    from diaforge_core.conversation.local_model import load_weights

    tuned = trainer.train(six_dialogues(), batch_size=3, learning_rate=1e-2, out=tmp_path / "run")
    merged = merge_adapter(tuned.folder, tmp_path / "merged", trainer.models_dir)
    ids = torch.tensor([[5, 300, 7000]])
    adapted = load_weights(tiny_llama_dir, "cpu", torch.float32, tuned.folder)(ids).logits
    plain = AutoModelForCausalLM.from_pretrained(merged, dtype=torch.float32)(ids).logits
    assert torch.allclose(adapted, plain, atol=1e-5)
    with pytest.raises(ModelError, match="nothing to merge"):
        merge_adapter(merged, tmp_path / "again", trainer.models_dir)
    with pytest.raises(ModelError, match="not empty"):
        merge_adapter(tuned.folder, merged, trainer.models_dir)


def test_bad_choices_are_named_together(trainer: ToolCallingTrainer) -> None:
    with pytest.raises(DataError, match=r"epochs is 0: .*greater than 0; batch_size is -1: "):
        trainer.train(six_dialogues(), epochs=0, batch_size=-1)
    with pytest.raises(DataError, match=r"seed is 4294967296: "):
        TrainingChoices.of({"seed": 2**32})
    with pytest.raises(DataError, match="assistant_only"):
        trainer.train(six_dialogues(), loss_mask="everything")  # pyright: ignore[reportArgumentType]
    with pytest.raises(DataError, match="no dialogues"):
        trainer.train([])


def test_dialogues_of_another_catalog_are_named(tiny_llama_dir: Path, models_dir: Path) -> None:
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(sales_tools()[0], name="small"))
    with pytest.raises(CatalogError, match=r"'small' has no tool CRM_CreateContact, CRM_UpdateLead"):
        trainer.train([a_dialogue()])


def test_without_a_catalog_the_sample_catalog_is_taken_if_it_has_the_tools() -> None:
    catalog = load_catalog("enterprise_apis.json")
    names = tuple(tool.name for tool in catalog.tools[:2])
    known = a_dialogue(a_scenario(goal_tool=names[0], candidates=names))
    assert [tool.name for tool in tools_from(None, [known])(known)] == list(names)
    with pytest.raises(CatalogError, match=r"catalog=…"):
        tools_from(None, [a_dialogue(a_scenario(goal_tool="Nowhere_Do", candidates=("Nowhere_Do",)))])


def test_a_hub_name_that_is_not_here_says_what_to_do(models_dir: Path) -> None:
    with pytest.raises(ModelError, match=r"not on this machine.*`smollm2`.*`hf:DIR`"):
        ToolCallingTrainer(model="meta-llama/Llama-2-7b-chat", models_dir=models_dir)


def test_smollm2_is_tuned_as_a_portable_adapter(smollm2_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    two = [a_dialogue(a_scenario(candidates=("CRM_CreateLead", "CRM_GetLead")), lead_turns()[:2]) for _ in range(2)]
    trainer = ToolCallingTrainer(model="smollm2", models_dir=models_dir, catalog=a_catalog(), device="cpu")
    choices = TrainingChoices(max_steps=3, lora_rank=4, learning_rate=1e-3)
    model = trainer.train(two, epochs=3, batch_size=1, choices=choices, out=tmp_path)
    assert model.loss_last < model.loss_first
    config = json.loads((model.folder / "adapter_config.json").read_text(encoding="utf-8"))
    assert config["base_model_name_or_path"] == "smollm2"
    assert locate(parse_spec(model.spec), models_dir).base == smollm2_dir


def test_importing_the_trainer_does_not_import_torch() -> None:
    code = "import sys, diaforge_core.training.trainer, diaforge_core.training.estimate; print('torch' in sys.modules)"
    answer = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert answer.stdout.strip() == "False"
