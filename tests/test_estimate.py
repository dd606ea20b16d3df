"""What a run will take."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoConfig, AutoTokenizer

from diaforge_core.training.estimate import estimate, estimate_from_text, steps_of
from diaforge_core.training.examples import build_examples
from diaforge_core.training.trainer import ToolCallingTrainer

from .factories import a_catalog, a_dialogue


def tools_of(dialogue):
    return a_catalog().subset(dialogue.scenario.candidates)


def test_steps_are_those_of_the_trainer(tiny_llama_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    model = trainer.train([a_dialogue()] * 5, epochs=2, batch_size=2, out=tmp_path)
    assert model.steps == steps_of(5, 2, 2) == 6
    assert steps_of(5, 2, 2, max_steps=4) == 4


def test_tokens_and_time_add_up(smollm2_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    examples = build_examples([a_dialogue()] * 4, tools_of, tokenizer)
    found = estimate(examples, epochs=3, batch_size=2, tokens_per_second=100)
    assert found.tokens == 4 * examples[0].tokens
    assert found.target_tokens == 4 * examples[0].target_tokens
    assert found.seconds == pytest.approx(3 * found.tokens / 100)
    assert estimate(examples).seconds is None


def test_the_estimate_from_text_is_near_the_exact_one(smollm2_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    dialogues = [a_dialogue()] * 2
    exact = estimate(build_examples(dialogues, tools_of, tokenizer))
    rough = estimate_from_text(dialogues, tools_of)
    assert rough.tokens == pytest.approx(exact.tokens, rel=0.25)
    assert rough.target_tokens == pytest.approx(exact.target_tokens, rel=0.3)


def test_a_full_run_is_estimated_to_need_more_memory_than_an_adapter(smollm2_dir: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    examples = build_examples([a_dialogue()], tools_of, tokenizer)
    config = AutoConfig.from_pretrained(smollm2_dir)
    adapter, full = (estimate(examples, config=config, full=full).memory_bytes for full in (False, True))
    assert adapter is not None
    assert full is not None
    assert 500_000_000 < adapter < full
