"""One pass over trunk and branches gives the loss and the gradients of separate slices (METHOD.md §3 and §7)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import example, given, settings
from hypothesis import strategies as st
from torch.nn.attention.flex_attention import create_mask
from transformers import (
    AutoModelForCausalLM,
    AutoTokenizer,
    FalconH1Config,
    FalconH1ForCausalLM,
    Gemma3ForCausalLM,
    Gemma3TextConfig,
    Lfm2Config,
    Lfm2ForCausalLM,
    LlamaConfig,
    LlamaForCausalLM,
    MambaConfig,
    MistralConfig,
    MistralForCausalLM,
    Qwen2Config,
    Qwen2ForCausalLM,
    Qwen3Config,
    Qwen3ForCausalLM,
    RwkvConfig,
)

from diaforge_core.errors import ModelError
from diaforge_core.training.batches import (
    attention_mask,
    lay_out,
    layout_of,
    make_row,
    masks_for,
    pack,
    row_loss,
    sees,
    sliced_losses,
)
from diaforge_core.training.examples import Branch, Example, build_examples, slices

from .factories import a_catalog, a_dialogue, a_scenario, asks, calls, lead_turns, not_accepted, user

TOLERANCE = 1e-5
NOTHING = 1e-2
"""Share of the largest gradient below which one is compared by that share: the tolerance is then 1e-7 of the largest,
to which float32 rounds."""


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


def assert_one_pass_is_exact(model, examples: list[Example], reduction: Any = "token") -> None:
    """Packed in one row, loss and every gradient are those of the slices apart."""
    model.train()
    together = row_loss(model, make_row(examples, reduction))
    together.backward()
    packed = gradients(model)
    shares = [
        1.0 if reduction == "token" else 1.0 / (len(tokens) - start)
        for example in examples
        for tokens, start in slices(example)
    ]
    losses = [loss for example in examples for loss in sliced_losses(model, example)]
    apart = torch.stack([loss * share for loss, share in zip(losses, shares, strict=True)]).sum()
    apart.backward()
    sliced = gradients(model)
    assert torch.allclose(together, apart, rtol=TOLERANCE)
    assert packed.keys() == sliced.keys()
    # A gradient that is nothing but rounding, as of queries that see one token only, has no size of its own.
    floor = NOTHING * max(gradient.abs().max() for gradient in sliced.values())
    for name, gradient in packed.items():
        worst = (gradient - sliced[name]).abs().max() / sliced[name].abs().max().clamp_min(floor)
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


def tiny(family: str) -> Any:
    """A random model of two layers, the same every time."""
    torch.manual_seed(0)
    if family == "gemma3":
        layers = ["sliding_attention", "full_attention"]
        return Gemma3ForCausalLM(Gemma3TextConfig(**TINY, head_dim=8, sliding_window=8, layer_types=layers))
    if family == "mistral":
        return MistralForCausalLM(MistralConfig(**TINY, sliding_window=8))
    if family == "qwen3":
        return Qwen3ForCausalLM(Qwen3Config(**TINY, head_dim=8))
    if family == "qwen2":
        return Qwen2ForCausalLM(Qwen2Config(**TINY))
    return LlamaForCausalLM(LlamaConfig(**TINY))


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3", "gemma3", "mistral"])
@pytest.mark.parametrize("reduction", ["token", "slice"])
def test_one_pass_equals_slices_in_every_family(family: str, reduction: Any) -> None:
    assert_one_pass_is_exact(tiny(family), branched_examples(), reduction)


@pytest.mark.parametrize("keep_thoughts", [False, True])
@pytest.mark.parametrize("family", ["qwen3", "gemma3"])
def test_dialogues_with_kept_and_dropped_thoughts_are_exact_in_other_families(
    family: str, keep_thoughts: bool, tokenizer
) -> None:
    model = tiny(family)
    model.resize_token_embeddings(len(tokenizer))
    assert_one_pass_is_exact(model, examples_of(tokenizer, keep_thoughts=keep_thoughts))


@st.composite
def shapes(draw: st.DrawFn) -> list[Example]:
    """Up to four dialogues of random trunks, branches and trained spans."""
    tokens = st.integers(2, 59)
    examples = []
    for number in range(draw(st.integers(1, 4))):
        trunk = tuple(draw(st.lists(tokens, min_size=1, max_size=14)))
        starts = draw(st.lists(st.integers(1, len(trunk)), max_size=3))
        branches = tuple(Branch(start, tuple(draw(st.lists(tokens, min_size=1, max_size=5)))) for start in starts)
        cut = draw(st.integers(1, len(trunk)))
        spans = ((cut, len(trunk)),) if cut < len(trunk) and draw(st.booleans()) else ()
        examples.append(Example(str(number), trunk, branches, spans))
    return [one for one in examples if one.target_tokens] or [Example("x", (3,), (Branch(1, (4, 5)),))]


@example([Example("0", (3, 2), (), ((1, 2),))], "llama", "token")
@example([Example("0", (2,), (Branch(1, (2,)),))], "gemma3", "token")
@given(shapes(), st.sampled_from(["llama", "gemma3"]), st.sampled_from(["token", "slice"]))
@settings(max_examples=25, deadline=None)
def test_any_shape_is_exact(examples: list[Example], family: str, reduction: Any) -> None:
    assert_one_pass_is_exact(tiny(family), examples, reduction)


def test_the_mask_all_is_exact_and_counts_every_token_once(tiny_llama, tokenizer) -> None:
    examples = examples_of(tokenizer, loss_mask="all")[2:]
    for one in examples:
        context = [place for start, end in one.trained for place in range(start, end)]
        assert len(context) == len(set(context))
    assert_one_pass_is_exact(tiny_llama, examples)


def hybrid(family: str) -> Any:
    torch.manual_seed(0)
    if family == "lfm2":
        return Lfm2ForCausalLM(Lfm2Config(**TINY, layer_types=["conv", "full_attention"]))
    state: dict[str, Any] = {
        "mamba_d_ssm": 32,
        "mamba_n_heads": 4,
        "mamba_d_head": 8,
        "mamba_d_state": 8,
        "mamba_chunk_size": 16,
    }
    return FalconH1ForCausalLM(FalconH1Config(**TINY, **state, mamba_n_groups=1))


@pytest.mark.parametrize("family", ["lfm2", "falcon_h1"])
def test_a_model_that_carries_state_between_tokens_is_trained_by_slices(family: str) -> None:
    model = hybrid(family).train()
    assert layout_of(model.config) == "slices"
    rows = [make_row(each) for each in lay_out(branched_examples(), 1024, layout_of(model.config))]
    together = torch.stack([row_loss(model, row) for row in rows]).sum()
    apart = torch.stack([loss for example in branched_examples() for loss in sliced_losses(model, example)]).sum()
    assert len(rows) == 4
    assert torch.allclose(together, apart, rtol=TOLERANCE)


@pytest.mark.parametrize("family", ["lfm2", "falcon_h1"])
def test_a_packed_row_is_refused_by_a_model_that_carries_state(family: str) -> None:
    with pytest.raises(ModelError, match="Train it by slices"):
        masks_for(hybrid(family).config, make_row(branched_examples()))
    with pytest.raises(ModelError, match="Train it by slices"):
        layout_of(hybrid(family).config, "one_pass")


def test_models_of_attention_alone_take_one_pass() -> None:
    assert all(layout_of(tiny(family).config) == "one_pass" for family in ("llama", "qwen3", "gemma3"))
    assert layout_of(MambaConfig(num_hidden_layers=1)) == "slices"
    assert layout_of(RwkvConfig(num_hidden_layers=1)) == "slices"


@pytest.mark.parametrize("window", [None, 3])
def test_the_mask_of_flex_attention_lets_the_same_tokens_through(window: int | None) -> None:
    row = make_row(branched_examples())
    length = row["input_ids"].shape[1]
    attends = sees(row, window)
    drawn = create_mask(lambda _b, _h, q, k: attends(q, k), None, None, length, length, device="cpu")
    assert torch.equal(drawn, attention_mask(row, window))


@pytest.mark.parametrize("family", ["llama", "gemma3"])
def test_flex_attention_gives_the_loss_of_the_plain_mask(family: str) -> None:
    model, row = tiny(family).eval(), make_row(branched_examples())
    with torch.no_grad(), torch.compiler.set_stance("force_eager"):
        plain = row_loss(model, row)
        model.set_attn_implementation("flex_attention")
        assert torch.allclose(row_loss(model, row), plain, rtol=TOLERANCE)


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


@given(st.lists(st.integers(1, 25), min_size=1, max_size=60))
def test_rows_of_short_dialogues_are_full_but_for_the_last(sizes: list[int]) -> None:
    rows = pack([Example("", tuple(range(size)), ()) for size in sizes], 100)
    filled = [sum(one.tokens for one in row) for row in rows]
    assert sum(filled) == sum(sizes)
    assert all(each > 75 for each in filled[:-1])
