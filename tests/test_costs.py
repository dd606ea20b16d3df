"""What is told before a run is what it then takes, within a quarter."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.budget import Price, Spending, Tokens
from diaforge_core.conversation.endpoint import Means
from diaforge_core.conversation.prompts import chat_messages
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.agents import open_agents
from diaforge_core.generator.costs import expected_calls, expected_from, tokens_in
from diaforge_core.generator.recipe import PriceOf, Recipe
from diaforge_core.generator.utcgen import UTCGen

from .factories import a_catalog, a_setting
from .obedient_model import counting_tokens
from .stub_server import StubServer

Serve = Callable[..., StubServer]


@pytest.mark.parametrize("sides", [("user", "critic"), ("words",)])
def test_calls_tokens_and_money_come_out_within_a_quarter(
    serve: Serve, smollm2_dir: Path, sides: tuple[str, ...]
) -> None:
    from tokenizers import Tokenizer

    tokenizer = Tokenizer.from_file(str(smollm2_dir / "tokenizer.json"))
    server, catalog = serve(script=counting_tokens(lambda text: len(tokenizer.encode(text).ids))), a_catalog()
    spec = f"openai:m@{server.url}"
    recipe = Recipe(catalog="sample", count=30, seed=5, prices={"m": PriceOf(prompt=2.0, completion=8.0)}).model_copy(
        update=dict.fromkeys(sides, spec)
    )
    sample = [made for _, made in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, 12, 77))]
    told = expected_calls(recipe, sample, catalog)
    means = Means()
    means.budget.prices |= {"m": Price(2.0, 8.0)}
    agents = open_agents(recipe, {}, Path(), means)
    for scenario in draw_scenarios(catalog, recipe.count, recipe.seed):
        agents.play(catalog, scenario)
    spent = means.budget.spent
    assert told.calls == pytest.approx(spent.calls, rel=0.25)
    assert told.prompt_tokens == pytest.approx(spent.tokens.prompt, rel=0.25)
    assert told.completion_tokens == pytest.approx(spent.tokens.completion, rel=0.25)
    assert told.money == pytest.approx(spent.money, rel=0.25)


def test_a_model_as_assistant_reads_all_tools_at_every_turn() -> None:
    catalog = a_catalog()
    sample = [made for _, made in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, 10, 7))]
    told = expected_calls(Recipe(catalog="sample", count=10, assistant="openai:m@http://x/v1"), sample, catalog)
    assert told.calls == sum(dialogue.assistant_turns for dialogue in sample)
    system = chat_messages(catalog.tools[:2], a_setting(), ())[0]["content"]
    assert told.prompt_tokens > told.calls * tokens_in(system)


def test_scripts_and_local_models_cost_nothing() -> None:
    catalog = a_catalog()
    sample = [made for _, made in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, 3, 7))]
    for recipe in (Recipe(catalog="sample"), Recipe(catalog="sample", user="smollm2", critic="smollm2")):
        assert expected_calls(recipe, sample, catalog).calls == 0
    assert expected_calls(Recipe(catalog="sample", critic="openai:m@http://x/v1"), [], catalog).calls == 0


def test_time_is_that_of_the_longest_conversation_or_of_the_queue() -> None:
    catalog = a_catalog()
    sample = [made for _, made in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, 10, 7))]

    def seconds(count: int) -> float:
        recipe = Recipe(catalog="sample", count=count, words="openai:m@http://x/v1")
        return expected_calls(recipe, sample, catalog, latency=2.0).seconds

    longest = max(len(dialogue.turns) for dialogue in sample)
    assert seconds(10) == 2.0 * longest
    assert seconds(100_000) == pytest.approx(10 * seconds(10_000), rel=0.01)


def test_a_preview_by_the_models_themselves_is_scaled() -> None:
    told = expected_from(Spending(Tokens(1000, 100), money=0.5, calls=18, cache_hits=2), 5, 40.0, 500)
    assert (told.calls, told.prompt_tokens, told.completion_tokens, told.money) == (2000, 100_000, 10_000, 50.0)
    assert told.seconds == pytest.approx(40.0 * 100 / 256)


@given(st.text(max_size=200))
def test_any_text_has_a_count_that_grows_with_it(text: str) -> None:
    assert 0 <= tokens_in(text) <= len(text)
    assert tokens_in(f"{text} lead") == tokens_in(text) + 1
