"""One pass over trunk and branches gives the loss and the gradients of separate slices (METHOD.md §3 and §7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
)

from diaforge_core.errors import ModelError
from diaforge_core.training.batches import attention_mask, make_row, masks_for, pack, row_loss, sliced_losses
from diaforge_core.training.examples import Branch, Example, build_examples

from .factories import a_catalog, a_dialogue, a_scenario, asks, calls, lead_turns, not_accepted, user

TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def tokenizer(tiny_llama_dir: Path):
    return AutoTokenizer.from_pretrained(tiny_llama_dir)


@pytest.fixture(scope="module")
def tiny_llama(tiny_llama_dir: Path):
    return AutoModelForCausalLM.from_pretrained(tiny_llama_dir, dtype=torch.float32, attn_implementation="sdpa")


def some_dialogues():
    wrong_then_right = (
        user("Add John."),
        calls("CRM_CreateContact", email="j@x.example"),
        not_accepted(),
        asks("Is he a prospect?"),
        user("Yes."),
        calls("CRM_CreateLead", customer_name="John"),
    )
    refusal = (user("Order lunch for John."), asks("None of the tools fits.", thought=""))
    return [
        a_dialogue(),
        a_dialogue(turns=wrong_then_right),
        a_dialogue(a_scenario(candidates=("CRM_GetLead", "CRM_CreateLead")), turns=lead_turns()[:4]),
        a_dialogue(turns=refusal),
    ]


def examples_of(tokenizer, **choices):
    catalog = a_catalog()
    return build_examples(some_dialogues(), lambda one: catalog.subset(one.scenario.candidates), tokenizer, **choices)


def gradients(model) -> dict[str, torch.Tensor]:
    found = {name: one.grad.clone() for name, one in model.named_parameters() if one.grad is not None}
    model.zero_grad()
    return found


def assert_one_pass_is_exact(model, examples: list[Example]) -> None:
    """Packed in one row, loss and every gradient are those of the slices apart."""
    model.train()
    together = row_loss(model, make_row(examples))
    together.backward()
    packed = gradients(model)
    apart = torch.stack([loss for example in examples for loss in sliced_losses(model, example)]).sum()
    apart.backward()
    sliced = gradients(model)
    assert torch.allclose(together, apart, rtol=TOLERANCE)
    assert packed.keys() == sliced.keys()
    for name, gradient in packed.items():
        worst = (gradient - sliced[name]).abs().max() / sliced[name].abs().max().clamp_min(1e-12)
        assert worst < TOLERANCE, f"{name}: {worst}"


@pytest.mark.parametrize("keep_thoughts", [False, True])
@pytest.mark.parametrize("loss_mask", ["assistant_only", "final_call_only"])
def test_one_pass_equals_slices_on_a_llama(tiny_llama, tokenizer, keep_thoughts: bool, loss_mask) -> None:
    assert_one_pass_is_exact(tiny_llama, examples_of(tokenizer, keep_thoughts=keep_thoughts, loss_mask=loss_mask))


TINY: dict[str, Any] = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 64,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 128,
    "pad_token_id": 0,
}


def branched_examples() -> list[Example]:
    def numbers(start: int, count: int) -> tuple[int, ...]:
        return tuple((start + 7 * step) % 60 + 2 for step in range(count))

    return [
        Example(
            "a", numbers(1, 40), (Branch(12, numbers(3, 9)), Branch(25, numbers(5, 6)), Branch(40, numbers(9, 12)))
        ),
        Example("b", numbers(11, 20), (Branch(20, numbers(13, 5)),)),
    ]


def test_one_pass_equals_slices_with_sliding_windows() -> None:
    torch.manual_seed(0)
    gemma = Gemma3TextConfig(**TINY, head_dim=8, sliding_window=8, layer_types=["sliding_attention", "full_attention"])
    models = (
        Qwen2ForCausalLM(Qwen2Config(**TINY)),
        MistralForCausalLM(MistralConfig(**TINY, sliding_window=8)),
        Gemma3ForCausalLM(gemma),
    )
    for model in models:
        assert_one_pass_is_exact(model, branched_examples())


def test_a_model_that_carries_state_between_tokens_is_refused() -> None:
    config = Qwen2Config(**TINY)
    config.layer_types = ["linear_attention", "full_attention"]
    with pytest.raises(ModelError, match="linear_attention"):
        masks_for(config, make_row(branched_examples()))


def test_the_mask_of_a_small_row_is_as_drawn() -> None:
    row = make_row([Example("a", (5, 6, 7), (Branch(2, (8, 9)),)), Example("b", (5,), (Branch(1, (6,)),))])
    drawn = ["1.....", "11....", "111...", "11.1..", "11.11.", "......"]
    seen = attention_mask(row)[0, 0]
    assert ["".join("1" if one else "." for one in line[:6]) for line in seen[:5]] == drawn[:5]
    assert seen[5].tolist() == [False] * 5 + [True, False]
    assert seen[6].tolist() == [False] * 5 + [True, True]
    assert row["position_ids"].tolist() == [[0, 1, 2, 2, 3, 0, 1]]
    assert row["predictors"].tolist() == [1, 3, 5]
    assert row["labels"].tolist() == [8, 9, 6]


def test_weights_by_slice_count_every_turn_alike() -> None:
    row = make_row(branched_examples(), "slice")
    assert float(row["weights"].sum()) == pytest.approx(4.0)


def test_rows_hold_at_most_the_budget_and_lose_nothing() -> None:
    sizes = [50, 120, 30, 30, 90]
    examples = [Example(str(size), tuple(range(size)), ()) for size in sizes]
    rows = pack(examples, 100)
    assert sorted(len(one.trunk) for row in rows for one in row) == sorted(sizes)
    assert all(len(row) == 1 or sum(one.tokens for one in row) <= 100 for row in rows)
    assert len(rows) == 4
