"""Attention over whole rows: the same as torch's own, forward and backward."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM
from transformers.integrations.sdpa_attention import sdpa_attention_forward

from diaforge_core.conversation.model_specs import ModelFolders
from diaforge_core.training.attention import LONGEST, attend, use_whole_rows
from diaforge_core.training.batches import make_row, row_loss
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.examples import Branch, Example
from diaforge_core.training.weights import trainable_model

SIZES: dict[str, Any] = {
    "vocab_size": 64, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
    "num_key_value_heads": 2, "head_dim": 8, "max_position_embeddings": 4096, "pad_token_id": 0,
}  # fmt: skip
KINDS = {
    "llama": {},
    "qwen3": {},
    "gemma3_text": {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
}


def a_model(kind: str) -> Any:
    torch.manual_seed(3)
    config = AutoConfig.for_model(kind, **SIZES, **KINDS[kind])
    return AutoModelForCausalLM.from_config(config, attn_implementation="sdpa", dtype=torch.float32).eval()


def a_row(length: int = 40) -> Any:
    tokens = torch.randint(1, 64, (length,), generator=torch.Generator().manual_seed(1)).tolist()
    branches = (Branch(12, tuple(tokens[3:9])), Branch(length, tuple(tokens[5:12])))
    return make_row([Example("one", tuple(tokens), branches), Example("two", tuple(tokens[:20]), branches[:1])])


def loss_and_gradients(model: Any, row: Any) -> tuple[float, list[torch.Tensor]]:
    model.zero_grad()
    loss = row_loss(model, row)
    loss.backward()
    return float(loss.detach()), [each.grad.clone() for each in model.parameters()]


def a_dialogue(length: int) -> Any:
    """A row in plain order, which has no mask."""
    tokens = torch.randint(1, 64, (length,), generator=torch.Generator().manual_seed(2)).tolist()
    return make_row([Example("one", tuple(tokens), (), ((5, length),))])


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("row", [a_row(), a_row(LONGEST + 1), a_dialogue(40), a_dialogue(LONGEST + 1)])
def test_loss_and_gradients_are_those_of_torchs_own_attention(kind: str, row: Any) -> None:
    model = a_model(kind)
    loss, gradients = loss_and_gradients(model, row)
    use_whole_rows(model)
    same, others = loss_and_gradients(model, row)
    assert same == pytest.approx(loss, rel=1e-5)
    for one, other in zip(gradients, others, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-5)


def test_attention_of_another_kind_is_torchs_own() -> None:
    noise = torch.Generator().manual_seed(1)
    query, bias = torch.randn(1, 2, 6, 4, generator=noise), torch.randn(1, 1, 6, 6, generator=noise)
    heads = torch.ones(1, 2, 6, 6, dtype=torch.bool).tril()
    heads[0, 1, 5, :3] = False
    for is_causal, mask, said in ((False, None, None), (True, None, False), (True, bias, None), (True, heads, None)):
        module: Any = SimpleNamespace(num_key_value_groups=1, is_causal=is_causal)
        right = sdpa_attention_forward(module, query, query, query, mask, is_causal=said)[0]
        torch.testing.assert_close(attend(module, query, query, query, mask, is_causal=said)[0], right)


def test_a_mask_that_is_not_heeded_would_be_noticed() -> None:
    model, row = a_model("llama"), a_row()
    seen = loss_and_gradients(model, row)[0]
    blind = loss_and_gradients(model, row | {"limit": torch.full_like(row["limit"], 99)})[0]
    assert abs(blind - seen) > 1e-3 * seen


@pytest.mark.parametrize(("precision", "expected"), [("bfloat16", "whole_row"), ("float32", "sdpa")])
def test_a_processor_attends_to_whole_rows_where_it_computes_in_halves(
    tiny_llama_dir: Path, precision: Any, expected: str
) -> None:
    folders = ModelFolders(tiny_llama_dir, None, "hf:tiny")
    model = trainable_model(folders, TrainingChoices(precision=precision, lora_rank=2), "cpu")
    assert model.config._attn_implementation == expected
