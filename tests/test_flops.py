"""The count of operations by which the use of a GPU is measured."""

from __future__ import annotations

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode
from transformers import LlamaConfig, LlamaForCausalLM

from benchmarks import bench_gpu_training
from benchmarks.flops import flops_of, pairs, size_of, training_flops
from diaforge_core.training.batches import attention_mask, make_row, row_loss
from diaforge_core.training.examples import Branch, Example

EXAMPLE = Example("a", tuple(range(2, 22)), (Branch(9, (3, 4, 5)), Branch(20, (6, 7))))


def a_model() -> LlamaForCausalLM:
    config = LlamaConfig(
        vocab_size=64, hidden_size=32, intermediate_size=48, num_hidden_layers=2, num_attention_heads=4,
        num_key_value_heads=2, tie_word_embeddings=False,
    )  # fmt: skip
    return LlamaForCausalLM._from_config(config, attn_implementation="eager")


def test_the_count_is_what_torch_counts_in_a_full_pass() -> None:
    model, row = a_model(), make_row([EXAMPLE])
    with FlopCounterMode(display=False) as counter:
        row_loss(model, row).backward()
    # Eager attention computes all pairs, also those that the mask hides; rotary positions are one small product.
    everything = training_flops(size_of(model), EXAMPLE.tokens, EXAMPLE.target_tokens, EXAMPLE.tokens**2, full=True)
    positions = 2 * EXAMPLE.tokens * (32 // 4 // 2)
    assert counter.get_total_flops() - everything in (0, positions)


def test_pairs_are_those_of_the_mask() -> None:
    assert pairs(EXAMPLE) == int(attention_mask(make_row([EXAMPLE])).sum())


def test_an_adapter_costs_two_thirds_of_a_full_run_beside_attention() -> None:
    size = size_of(a_model())
    attention = training_flops(size, 0, 0, pairs(EXAMPLE), full=True)
    full, adapter = (flops_of(size, [EXAMPLE], full=whole) - attention for whole in (True, False))
    assert 3 * adapter == 2 * full


def test_a_model_without_weights_in_memory_has_the_same_size() -> None:
    with torch.device("meta"):
        assert size_of(a_model()) == size_of(LlamaForCausalLM(a_model().config))


@pytest.mark.skipif(torch.cuda.is_available(), reason="measures for minutes where there is a GPU")
def test_without_a_gpu_its_benchmark_says_so_and_ends(capsys: pytest.CaptureFixture[str]) -> None:
    bench_gpu_training.main()
    assert "no CUDA device" in capsys.readouterr().out
