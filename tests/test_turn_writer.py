"""Many conversations with one local model: each says what it would alone, and what was read is not read again."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import Gemma3TextConfig, Lfm2Config, LlamaConfig, MistralConfig
from transformers.models.auto.modeling_auto import AutoModelForCausalLM

from diaforge_core.conversation.in_flight import in_order
from diaforge_core.conversation.local_model import LocalModel
from diaforge_core.conversation.packed_reading import PackedReader, packs
from diaforge_core.conversation.packed_weights import pack_weights
from diaforge_core.conversation.plain_reading import Place, PlainReader
from diaforge_core.conversation.room import IN_FLIGHT, TYPICAL, reader_for
from diaforge_core.conversation.turn_writer import Asked, TurnWriter, drawing
from diaforge_core.errors import Interrupted, ModelError

VOCABULARY = 97
SIZES: dict[str, Any] = {
    "vocab_size": VOCABULARY,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "pad_token_id": 0,
    # With the usual small weights the scores would lie so close that rounding chose among them.
    "initializer_range": 0.3,
}
CONFIGS = {
    "every token": LlamaConfig(**SIZES),
    "a window": MistralConfig(**SIZES, sliding_window=20),
    "windows here and there": Gemma3TextConfig(
        **SIZES, head_dim=8, sliding_window=20, layer_types=["sliding_attention", "full_attention", "sliding_attention"]
    ),
    "convolutions": Lfm2Config(**SIZES, layer_types=["conv", "full_attention", "conv"]),
}


def a_model(kind: str = "every token") -> Any:
    torch.manual_seed(1)
    return AutoModelForCausalLM.from_config(deepcopy(CONFIGS[kind]), attn_implementation="sdpa").eval()


def a_writer(model: Any, room: int = 100_000) -> TurnWriter:
    return TurnWriter(reader_for(model, room), frozenset({3}), 256)


def some_ids(count: int, seed: int) -> list[int]:
    return torch.randint(4, VOCABULARY, (count,), generator=torch.Generator().manual_seed(seed)).tolist()


def episode(writer: TurnWriter, number: int, temperature: float = 0.0) -> list[int]:
    """All that the model says in three turns; openings of 30 to 140 tokens, the first 20 of them common to all."""
    prompt, said = some_ids(20, 0) + some_ids(10 + 10 * number, number), []
    for turn in range(3):
        draw = drawing(10 * number + turn, temperature, 1.0) if temperature else None
        said.append(writer.finish(Asked(list(prompt), 12, lambda _: False, draw)))
        prompt += said[-1] + some_ids(7, 100 + number)
    return [token for turn in said for token in turn]


def alone(model: Any, number: int) -> list[int]:
    """The same three turns by `generate()`."""
    prompt, said = some_ids(20, 0) + some_ids(10 + 10 * number, number), []
    for _ in range(3):
        ids = torch.tensor([prompt])
        found = model.generate(
            ids, attention_mask=torch.ones_like(ids), max_new_tokens=12, do_sample=False, eos_token_id=3
        )
        new = [token for token in found[0, len(prompt) :].tolist() if token != 3]
        said += new
        prompt += new + some_ids(7, 100 + number)
    return said


@contextmanager
def read_by(writer: TurnWriter) -> Iterator[list[list[int]]]:
    """For each step, how many tokens of each conversation are read."""
    reader, steps = writer._reader, []
    read = reader.read

    def counted(batch: Sequence[tuple[Place, list[int]]]) -> torch.Tensor:
        steps.append([len(tokens) for _, tokens in batch])
        return read(batch)

    reader.read = counted
    yield steps
    reader.read = read


@pytest.mark.parametrize("kind", CONFIGS)
def test_side_by_side_they_say_what_each_says_alone(kind: str) -> None:
    wanted = [alone(a_model(kind), number) for number in range(12)]
    writer = a_writer(a_model(kind))
    for at_once in (1, 12):
        assert list(in_order(lambda number: episode(writer, number), range(12), at_once)) == wanted
    assert len({tuple(said) for said in wanted}) > 6


def test_what_is_drawn_depends_on_seed_and_position_alone() -> None:
    writer = a_writer(a_model())
    one, many = (list(in_order(lambda n: episode(writer, n, 0.9), range(12), at_once)) for at_once in (1, 12))
    assert one == many != list(in_order(lambda n: episode(writer, n), range(12), 12))


def test_only_what_is_new_is_read_and_all_in_flight_at_once() -> None:
    writer = a_writer(a_model())
    with read_by(writer) as steps:
        list(in_order(lambda number: episode(writer, number), range(12), 12))
    openings = sum(30 + 10 * number for number in range(12))
    spoken = sum(sum(step) for step in steps) - openings
    assert spoken < 12 * 3 * (12 + 8)
    assert max(map(len, steps)) == 12


def test_a_beginning_that_another_has_read_is_copied() -> None:
    writer = a_writer(a_model())
    prompts = [some_ids(200, 1) + some_ids(5, number) for number in range(4)]
    with read_by(writer) as steps, ThreadPoolExecutor(4) as pool:
        together = list(pool.map(lambda prompt: writer.finish(Asked(prompt, 4, lambda _: False)), prompts))
    assert sum(sum(step) for step in steps) < 2 * 205
    fresh = [a_writer(a_model()).finish(Asked(prompt, 4, lambda _: False)) for prompt in prompts]
    assert together == fresh


def test_a_long_prompt_is_read_in_bites() -> None:
    model, prompt = a_model(), some_ids(700, 5)
    writer = a_writer(model)
    with read_by(writer) as steps:
        bitten = writer.finish(Asked(prompt, 4, lambda _: False))
    assert [step[0] for step in steps[:3]] == [256, 256, 188]
    assert bitten == TurnWriter(reader_for(a_model(), 9999), frozenset({3}), 4096).finish(
        Asked(prompt, 4, lambda _: False)
    )


def test_what_is_kept_is_bounded_and_what_was_given_up_is_read_again() -> None:
    wanted = [episode(a_writer(a_model()), number) for number in range(12)]
    writer = a_writer(a_model(), room=3000)
    assert list(in_order(lambda number: episode(writer, number), range(12), 12)) == wanted
    assert isinstance(writer._reader, PackedReader)
    assert sum(pen.tokens for pen in writer._reader._pens) <= 3000


def test_a_conversation_that_finds_no_memory_ends_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_writer(a_model())
    read = writer._reader.read

    def small(batch: Sequence[tuple[Place, list[int]]]) -> torch.Tensor:
        if any(len(place.ids) + len(tokens) > 100 for place, tokens in batch):
            raise RuntimeError("CUDA out of memory. Tried to allocate 2 GiB")
        return read(batch)

    monkeypatch.setattr(writer._reader, "read", small)
    prompts = [some_ids(count, count) for count in (20, 120, 40)]

    def say(prompt: list[int]) -> list[int] | str:
        try:
            return writer.finish(Asked(prompt, 6, lambda _: False))
        except ModelError as problem:
            return str(problem)

    with ThreadPoolExecutor(3) as pool:
        first, failed, last = pool.map(say, prompts)
    assert "not enough memory" in str(failed)
    fresh = [a_writer(a_model()).finish(Asked(prompt, 6, lambda _: False)) for prompt in (prompts[0], prompts[2])]
    assert [first, last] == fresh


def test_a_stop_ends_everything_in_flight() -> None:
    writer, stop = a_writer(a_model()), threading.Event()
    writer.should_stop = stop.is_set

    def ends(written: list[int]) -> bool:
        if len(written) == 5:
            stop.set()
        return False

    def say(number: int) -> str:
        with pytest.raises(Interrupted):
            writer.finish(Asked(some_ids(20, number), 500, ends))
        return "interrupted"

    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(say, range(6))) == ["interrupted"] * 6


def test_a_fault_reaches_everyone_who_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    writer = a_writer(a_model())

    def broken(batch: object) -> torch.Tensor:
        raise ZeroDivisionError

    monkeypatch.setattr(writer._reader, "read", broken)

    def say(number: int) -> str:
        with pytest.raises(ZeroDivisionError):
            writer.finish(Asked(some_ids(20, number), 5, lambda _: False))
        return "told"

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(say, range(4))) == ["told"] * 4


def test_a_turn_that_is_no_longer_wanted_holds_nobody_up() -> None:
    writer = a_writer(a_model())
    streamed = writer.write(Asked(some_ids(20, 1), 500, lambda _: False, streams=True))
    assert next(streamed) is not None
    streamed.close()  # pyright: ignore[reportAttributeAccessIssue]
    assert writer.finish(Asked(some_ids(30, 2), 5, lambda _: False))
    assert writer._rows == []


def test_packed_scores_are_those_of_reading_one_by_one() -> None:
    model = a_model()
    plain, packed = PlainReader(model, room=9999), PackedReader(a_model(), room=9999, together=2)
    assert packs(packed._model)
    batches = [[(0, 40), (1, 9)], [(2, 30), (0, 1), (1, 1)], [(1, 1), (2, 5), (0, 1)], [(0, 1), (1, 1), (2, 1)]]
    places = [[reader.place(60) for _ in range(3)] for reader in (plain, packed)]
    for seed, batch in enumerate(batches):
        scores = []
        for reader, mine in zip((plain, packed), places, strict=True):
            given = [(mine[which], some_ids(count, seed)) for which, count in batch]
            scores.append(reader.read([(place, tokens) for place, tokens in given if place]))
        assert torch.allclose(*scores, atol=1e-3 * float(scores[0].std()))


def test_only_models_that_read_alike_are_packed() -> None:
    assert {kind: packs(a_model(kind)) for kind in CONFIGS} == {
        "every token": True, "a window": False, "windows here and there": False, "convolutions": False,
    }  # fmt: skip
    scaled = LlamaConfig(**SIZES, rope_parameters={"rope_type": "dynamic", "factor": 2.0, "rope_theta": 1e4})
    assert not packs(AutoModelForCausalLM.from_config(scaled, attn_implementation="sdpa").eval())


def test_packed_weights_give_the_same_scores_and_are_held_once() -> None:
    model, ids = a_model(), torch.tensor([some_ids(50, 3)])
    with torch.inference_mode():
        before = model(input_ids=ids).logits
        if pack_weights(model) == 0:
            pytest.skip("no oneDNN for this processor")
        assert torch.allclose(model(input_ids=ids).logits, before, atol=1e-4 * float(before.std()))
    assert model.model.layers[0].mlp.up_proj.weight.numel() == 0
    assert model.get_input_embeddings().weight.numel() > 0


def test_a_layer_that_would_give_other_numbers_is_left_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    layer = torch.nn.Linear(8, 8)
    monkeypatch.setattr("diaforge_core.conversation.packed_weights._multiply", lambda weight, bias, given: given + 1.0)
    assert pack_weights(torch.nn.Sequential(layer)) == 0
    assert layer.weight.numel() == 64


def test_a_conversation_beyond_the_context_harms_none_beside_it(tiny_llama_dir: Path) -> None:
    model = LocalModel(tiny_llama_dir, device="cpu")
    model.context = 60
    long, short = ([{"role": "user", "content": "word " * count}] for count in (100, 10))

    def say(messages: list[dict[str, str]]) -> str:
        try:
            return model.complete(messages, max_tokens=5).text
        except ModelError as problem:
            return str(problem)

    with ThreadPoolExecutor(2) as pool:
        refused, answered = pool.map(say, (long, short))
    assert "reads at most 60" in refused
    assert answered == LocalModel(tiny_llama_dir, device="cpu").complete(short, max_tokens=5).text


def test_a_model_that_holds_few_conversations_takes_few_at_once(tiny_llama_dir: Path) -> None:
    model = LocalModel(tiny_llama_dir, device="cpu")
    assert model.in_flight == IN_FLIGHT["cpu"]
    model.hold(2)
    assert (model.in_flight, model.writer._reader.room) == (2, 2 * TYPICAL)
