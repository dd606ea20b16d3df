"""A real small model behind a real server: what it spoils is refused with reasons, and what is accepted is verified."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from diaforge_core.conversation.endpoint import Means
from diaforge_core.conversation.local_model import LocalModel
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.agents import open_agents
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.trace import Trace

from .factories import a_catalog
from .served_model import serves
from .stub_server import StubServer

TOKENS = 12
"""What the model may write at a time: enough to be wrong, and short."""


@pytest.fixture
def server(serve: Callable[..., StubServer], smollm2_dir: Path) -> StubServer:
    return serve(script=serves(LocalModel(smollm2_dir, device="cpu"), TOKENS))


def played(server: StubServer, *sides: str, **changes: int) -> tuple[Trace, Dialogue]:
    """One scenario with the small model on these sides."""
    recipe = Recipe.model_validate(
        {"catalog": "sample", **dict.fromkeys(sides, f"openai:smollm2@{server.url}"), **changes}
    )
    agents = open_agents(recipe, {}, Path(), Means(timeout=300.0))
    (scenario,) = draw_scenarios(a_catalog(), 1, 21)
    return agents.play(a_catalog(), scenario)


@pytest.mark.parametrize("side", ["assistant", "user"])
def test_a_dialogue_that_a_small_model_spoils_is_refused_with_reasons(server: StubServer, side: str) -> None:
    trace, dialogue = played(server, side, votes=1)
    assert not trace.unanswered
    assert len(server.requests) >= 2
    refused = [verdict for verdict in dialogue.verdicts if not verdict.passed]
    assert refused
    assert all(verdict.reason for verdict in refused)
    assert not dialogue.passed


def test_words_and_judgement_of_a_small_model_let_nothing_through_unverified(server: StubServer) -> None:
    _, plain = played(server)
    trace, dialogue = played(server, "words", "critic")
    assert plain.passed
    assert trace.turns[-1].call == plain.turns[-1].call
    *checks, judgement = dialogue.verdicts
    assert [verdict.verifier for verdict in checks] == [verdict.verifier for verdict in plain.verdicts]
    assert all(verdict.passed for verdict in checks)
    assert judgement.verifier == "critic"
    assert judgement.passed or judgement.reason
