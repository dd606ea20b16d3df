"""A model on this machine: greedy and repeatable, streamed, with a cache that changes nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from diaforge_core.conversation.local_model import LocalModel, _repeats
from diaforge_core.conversation.prompts import END, chat_messages
from diaforge_core.errors import ModelError

from .factories import a_setting, lead_turns, sales_tools

HELLO = [{"role": "user", "content": "Hello, who are you?"}]


@pytest.fixture(scope="module")
def tiny(tiny_llama_dir: Path) -> LocalModel:
    return LocalModel(tiny_llama_dir, device="cpu")


def conversation(turns: int) -> list[dict]:
    return chat_messages(sales_tools()[:3], a_setting(), lead_turns()[:turns])


def test_smollm2_answers_and_ends_its_turn(smollm2_dir: Path) -> None:
    completion = LocalModel(smollm2_dir, device="cpu").complete(HELLO, max_tokens=40)
    assert "SmolLM" in completion.text or "help" in completion.text
    assert END not in completion.text
    assert 0 < completion.tokens <= 40
    assert completion.seconds > 0


def test_streamed_pieces_join_to_the_completion(tiny: LocalModel) -> None:
    assert "".join(tiny.stream(HELLO, max_tokens=30)) == tiny.complete(HELLO, max_tokens=30).text


def test_sampling_depends_on_the_seed_alone(tiny_llama_dir: Path) -> None:
    model = LocalModel(tiny_llama_dir, device="cpu", temperature=1.0, top_p=0.9)
    first, again, other = (model.complete(HELLO, seed=seed, max_tokens=12).text for seed in (2**62, 2**62, 5))
    assert first == again != other


def test_a_conversation_beyond_the_context_is_refused(tiny: LocalModel, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tiny, "context", 50)
    with pytest.raises(ModelError, match="reads at most 50"):
        tiny.complete(conversation(1))


def test_loops_are_cut_and_plain_text_is_not() -> None:
    assert _repeats([1, 2, 3] * 32)
    assert _repeats(list(range(10)) + [7] * 54)
    assert not _repeats(list(range(96)))
    assert not _repeats([1, 2] * 15 + [3, 4])


def test_threads_wait_for_each_other_and_get_what_they_would_alone(tiny: LocalModel) -> None:
    prompts = [conversation(turns) for turns in (1, 3, 5)] * 2
    alone = [tiny.complete(prompt, max_tokens=12).text for prompt in prompts]
    with ThreadPoolExecutor(6) as pool:
        assert list(pool.map(lambda prompt: tiny.complete(prompt, max_tokens=12).text, prompts)) == alone


def test_the_same_weights_at_another_temperature_keep_to_themselves(tiny: LocalModel) -> None:
    before = tiny.complete(HELLO, max_tokens=12).text
    hot = tiny.at(1.5)
    assert hot.model is tiny.model
    assert len({hot.complete(HELLO, seed=seed, max_tokens=12).text for seed in range(4)}) > 1
    assert tiny.complete(HELLO, max_tokens=12).text == before
