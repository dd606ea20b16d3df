"""Adapters in few passes over memory: the same numbers as the library's own, in every state of an adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model
from transformers import AutoModelForCausalLM
from transformers.pytorch_utils import Conv1D

from diaforge_core.conversation.model_specs import ModelFolders
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.lean_adapters import use_lean_adapters
from diaforge_core.training.weights import trainable_model

IDS = torch.arange(5, 45).reshape(1, -1)


def adapted(folder: Path, *, dtype: torch.dtype = torch.float32, **choices: Any) -> Any:
    """A model with an adapter that already says something."""
    torch.manual_seed(4)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    given = {"r": 4, "lora_alpha": 12, "target_modules": "all-linear", "init_lora_weights": False}
    return get_peft_model(model, LoraConfig(**(given | choices)))


def passes(model: Any) -> tuple[torch.Tensor, dict[str, torch.Tensor]]:
    """Scores of one row and the gradient of each weight that learns."""
    model.zero_grad()
    scores = model(input_ids=IDS).logits
    torch.nn.functional.cross_entropy(scores[0, :-1].float(), IDS[0, 1:]).backward()
    learned = {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}
    return scores.detach(), learned


@pytest.mark.parametrize(
    "choices", [{}, {"lora_dropout": 0.3}, {"use_dora": True}, {"lora_bias": True}, {"use_rslora": True}]
)
def test_scores_and_gradients_are_those_of_the_librarys_adapters(tiny_llama_dir: Path, choices: Any) -> None:
    model = adapted(tiny_llama_dir, **choices)
    torch.manual_seed(9)
    scores, gradients = passes(model)
    use_lean_adapters(model)
    torch.manual_seed(9)
    same, others = passes(model)
    torch.testing.assert_close(same, scores, rtol=1e-4, atol=1e-5)
    assert gradients.keys() == others.keys()
    for name, gradient in gradients.items():
        torch.testing.assert_close(others[name], gradient, rtol=1e-3, atol=1e-6)


def test_in_halves_they_are_as_near_to_the_exact_ones_as_the_librarys(tiny_llama_dir: Path) -> None:
    exact = passes(adapted(tiny_llama_dir))[1]
    library, ours = (adapted(tiny_llama_dir, dtype=torch.bfloat16) for _ in range(2))
    use_lean_adapters(ours)
    off = [
        sum(float((each[name] - right).norm()) for name, right in exact.items())
        for _, each in map(passes, (library, ours))
    ]
    assert 0 < off[1] < 1.3 * off[0]


@pytest.mark.parametrize("kind", ["turned round", "bias", "doubling"])
def test_layers_of_another_kind_are_left_alone(kind: str) -> None:
    torch.manual_seed(1)
    layer = Conv1D(16, 16) if kind == "turned round" else torch.nn.Linear(16, 16)
    if kind == "doubling":
        layer.register_forward_hook(lambda module, given, out: torch.mul(out, 2))  # pyright: ignore[reportArgumentType]
    config = LoraConfig(target_modules=["0"], init_lora_weights=False, bias="all" if kind == "bias" else "none")
    model: Any = get_peft_model(torch.nn.Sequential(layer), config)  # pyright: ignore[reportArgumentType]
    x = torch.randn(5, 16)

    def trained() -> list[torch.Tensor]:
        model.zero_grad()
        out = model(x)
        out.square().sum().backward()
        return [out.detach(), *(one.grad.clone() for one in model.parameters() if one.grad is not None)]

    right = trained()
    use_lean_adapters(model)
    ours = trained()
    assert len(ours) == len(right)
    for one, other in zip(ours, right, strict=True):
        torch.testing.assert_close(one, other)


def test_under_autocast_all_is_computed_as_the_library_does(tiny_llama_dir: Path) -> None:
    model = adapted(tiny_llama_dir)
    with torch.autocast("cpu", torch.bfloat16):
        right = passes(model)
        use_lean_adapters(model)
        ours = passes(model)
    torch.testing.assert_close(ours[0], right[0])
    for name, gradient in right[1].items():
        torch.testing.assert_close(ours[1][name], gradient)


def test_an_adapter_that_is_off_or_merged_counts_as_such(tiny_llama_dir: Path) -> None:
    model = adapted(tiny_llama_dir)
    with torch.no_grad():
        told = model(input_ids=IDS).logits
        with model.disable_adapter():
            plain = model(input_ids=IDS).logits
        assert not torch.allclose(told, plain, atol=1e-3)
        use_lean_adapters(model)
        with model.disable_adapter():
            torch.testing.assert_close(model(input_ids=IDS).logits, plain)
        model.merge_adapter()
        torch.testing.assert_close(model(input_ids=IDS).logits, told, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize(("precision", "lean"), [("bfloat16", True), ("float32", False)])
def test_a_processor_computes_so_in_halves(tiny_llama_dir: Path, precision: Any, lean: bool) -> None:
    folders = ModelFolders(tiny_llama_dir, None, "hf:tiny")
    model = trainable_model(folders, TrainingChoices(precision=precision, lora_rank=2), "cpu")
    assert any("forward" in vars(module) for module in model.modules()) == lean
