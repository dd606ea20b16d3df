"""The weights of a run: what of a model is trained, how it is saved, and how an adapter becomes a whole model."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

from ..conversation.local_model import half_precision, load_tokenizer, load_weights
from ..conversation.mishaps import readable
from ..conversation.model_specs import NOTES_FILE, ModelFolders, locate, parse_spec
from ..conversation.renderings import rendering_of
from ..errors import ModelError
from ..settings import models_dir as default_models_dir
from ..settings import workspace_dir
from .adapters import ATTENTION, rank_and_layers
from .attention import use_whole_rows
from .choices import TrainingChoices
from .work import is_first_process, shards, tell

SMALLER_STEPS = "The learning rate is usually too high: start again with a tenth of it. Earlier checkpoints are sound."


def context_of(base: Path) -> int | None:
    """Tokens that the model reads at most; None where its configuration does not say.

    ModelError where it cannot be read.
    """
    with readable(f"The configuration of the model in {base} cannot be read"):
        config = json.loads((base / "config.json").read_text(encoding="utf-8"))
        found = config.get("max_position_embeddings") or (config.get("text_config") or {}).get(
            "max_position_embeddings"
        )
        return int(found) if found else None


def passes_in_half(device: str, choices: TrainingChoices) -> bool:
    """Whether the passes compute in bfloat16."""
    return choices.precision == "bfloat16" or (choices.precision == "auto" and half_precision(device))


def trainable_model(folders: ModelFolders, choices: TrainingChoices, device: str) -> Any:
    """The model with what is to be trained: a new LoRA adapter, the one it came with, or all weights."""
    import torch
    from peft import LoraConfig, get_peft_model

    full, adapter = choices.full, folders.adapter
    if full and adapter is not None:
        raise ModelError(
            f"A full run cannot start from the adapter {adapter}. Merge it first, or train a LoRA adapter."
        )
    # A full run keeps float32 master weights; autocast makes the passes bfloat16 where that is wanted.
    dtype = torch.bfloat16 if passes_in_half(device, choices) and not full else torch.float32
    # Shares of the weights go to the devices later; no device may have room for all of them.
    model = load_weights(folders.base, device, dtype, adapter, train=True, place="cpu" if shards() else None)
    in_halves = device == "cpu" and dtype == torch.bfloat16
    if in_halves:
        use_whole_rows(model)  # 1.3 times as fast on rows of 760 tokens; in float32 torch's own is faster
    if full:
        return model
    if adapter is not None:
        _check_adapter(adapter, choices)
    else:
        rank = choices.lora_rank
        targets = "all-linear" if choices.lora_targets == "all-linear" else _attention_of(model, folders.base)
        config = LoraConfig(
            r=rank, lora_alpha=2 * rank, lora_dropout=0.0, target_modules=targets, task_type="CAUSAL_LM"
        )
        model = get_peft_model(model, config)
    if in_halves and not shards():
        from .lean_adapters import use_lean_adapters

        use_lean_adapters(model)  # 1.15 times as fast
    model.peft_config["default"].base_model_name_or_path = folders.base_name
    return model


def _check_adapter(adapter: Path, choices: TrainingChoices) -> None:
    """ModelError where the choices ask for another adapter than the one that is gone on with."""
    rank, layers = rank_and_layers(adapter)
    own = f"the adapter {adapter} has lora_rank {rank} and changes the layers {', '.join(layers)}"
    default = TrainingChoices()
    other_rank = choices.lora_rank not in (default.lora_rank, rank)
    other_layers = choices.lora_targets != default.lora_targets and layers != sorted(ATTENTION)
    if other_rank or other_layers:
        raise ModelError(
            f"The run cannot go on with lora_rank {choices.lora_rank} and lora_targets {choices.lora_targets}: {own}. "
            "Leave both out to go on with its own, or start from the base model."
        )
    if is_first_process():
        tell(f"What the run goes on with: {own}.")


def _attention_of(model: Any, base: Path) -> list[str]:
    """The attention projections that the model has; ModelError if it calls them otherwise."""
    there = {name.rpartition(".")[2] for name, _ in model.named_modules()}
    if not there.issuperset(ATTENTION):
        raise ModelError(
            f"The model in {base} has no layers named {', '.join(ATTENTION)}. Train all its linear layers instead "
            "(lora_targets all-linear)."
        )
    return list(ATTENTION)


def save_weights(
    model: Any, folder: Path, tokenizer: Any, folders: ModelFolders, choices: TrainingChoices, state: Any = None
) -> None:
    """Writes adapter or model to the folder; ModelError, and nothing written, if a weight is no number.

    `state` is the whole state dictionary where the model itself holds a share of it only.
    """
    import torch

    weights = state.values() if state is not None else (one for one in model.parameters() if one.requires_grad)
    if not all(torch.isfinite(weight).all() for weight in weights):
        raise ModelError(f"The weights hold values that are no numbers. {SMALLER_STEPS}")
    if choices.full:
        model.save_pretrained(folder, state_dict=state)
        tokenizer.save_pretrained(folder)
    else:
        model.save_pretrained(folder, state_dict=state, save_embedding_layers=False, selected_adapters=["default"])
    rendering = rendering_of(tokenizer, choices.rendering).name
    notes = {"rendering": rendering, "keep_thoughts": choices.keep_thoughts, "base": folders.base_name}
    (folder / NOTES_FILE).write_text(json.dumps(notes, indent=1), encoding="utf-8")


def merge_adapter(adapter: Path, out: Path, models_dir: Path | None = None) -> Path:
    """The folder `out` with base model and adapter as one plain model, tokenizer included.

    ModelError if the folder is no adapter or `out` is not empty.
    """
    import torch

    folders = locate(parse_spec(f"hf:{adapter}"), models_dir or default_models_dir(workspace_dir()))
    if folders.adapter is None:
        raise ModelError(f"{adapter} is no adapter but a whole model: there is nothing to merge.")
    if out.exists() and any(out.iterdir()):
        raise ModelError(f"{out} is not empty. Give a new folder.")
    model = load_weights(folders.base, "cpu", torch.float32, folders.adapter).merge_and_unload()
    model.save_pretrained(out)
    load_tokenizer(folders.base).save_pretrained(out)
    if (folders.adapter / NOTES_FILE).is_file():
        shutil.copyfile(folders.adapter / NOTES_FILE, out / NOTES_FILE)
    return out
