"""Four sides by models: who plays what, who judges, and what becomes of every mood of their servers."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.budget import Limits
from diaforge_core.conversation.critic import NO_VERDICT
from diaforge_core.conversation.endpoint import Means, run_means
from diaforge_core.conversation.room import IN_FLIGHT
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import DataError, Interrupted, ModelError
from diaforge_core.generator.agents import Agents, open_agents
from diaforge_core.generator.recipe import Recipe, SpendingLimits
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.scenario import Scenario
from diaforge_core.records.trace import Trace

from .factories import a_catalog
from .obedient_model import answer, plays_all
from .stub_server import Reply, StubServer, refuses, says

Serve = Callable[..., StubServer]
SIDES = ("assistant", "user", "words", "critic")


def agents_of(server: StubServer, *sides: str, means: Means | None = None, **changes: Any) -> Agents:
    recipe = a_recipe(server, *sides, **changes)
    return open_agents(recipe, {}, Path(), means or Means(wait_seconds=0.01, timeout=2.0))


def a_recipe(server: StubServer, *sides: str, **changes: Any) -> Recipe:
    spec = f"openai:m@{server.url}"
    return Recipe(**{"catalog": "sample", **dict.fromkeys(sides, spec), **changes})


def scenarios(count: int) -> list[Scenario]:
    return list(draw_scenarios(a_catalog(), count, 21))


def played(agents: Agents, count: int) -> list[tuple[Trace, Dialogue]]:
    return [agents.play(a_catalog(), scenario) for scenario in scenarios(count)]


def last_verdict(dialogue: Dialogue) -> tuple[str, bool]:
    return dialogue.verdicts[-1].verifier, dialogue.verdicts[-1].passed


# --- who plays what --------------------------------------------------------------------------------------------------


def test_without_models_the_scripts_play() -> None:
    agents = open_agents(Recipe(catalog="sample"), {}, Path())
    (trace, dialogue), *_ = played(agents, 1)
    assert (trace.user, trace.assistant) == ("scripted", "scripted:oracle")
    assert dialogue.passed
    assert (agents.critic, agents.in_flight) == (None, 1)


def test_each_trace_says_who_played_it_by_the_specs_that_the_user_gave(serve: Serve) -> None:
    server = serve(script=plays_all)
    spec = f"openai:m@{server.url}"
    (by_user, _), *_ = played(agents_of(server, "user"), 1)
    (by_words, _), *_ = played(agents_of(server, "words"), 1)
    assert (by_user.user, by_user.assistant) == (spec, "scripted:oracle")
    assert (by_words.user, by_words.assistant) == (f"scripted worded by {spec}", f"scripted:oracle worded by {spec}")
    recipe = Recipe(catalog="sample", assistant="run:tuned")
    assert open_agents(recipe, {"assistant": spec}, Path(), Means()).assistant.spec == "run:tuned"


def test_user_words_and_critic_together_make_dialogues_that_pass(serve: Serve) -> None:
    server = serve(script=plays_all)
    made = played(agents_of(server, "user", "words", "critic"), 12)
    assert sum(dialogue.passed for _, dialogue in made) >= 11
    assert all(last_verdict(dialogue) == ("critic", True) for _, dialogue in made if dialogue.passed)


def test_the_same_recipe_gives_the_same_dialogues(serve: Serve) -> None:
    server = serve(script=plays_all)
    first, again = (
        [dialogue.id for _, dialogue in played(agents_of(server, "user", "words", "critic"), 3)] for _ in range(2)
    )
    assert first == again


def test_as_many_conversations_at_once_as_all_of_its_models_take(serve: Serve, tiny_llama_dir: Path) -> None:
    server, means = serve(script=plays_all), Means(in_flight=200)
    assert agents_of(server, "user", "critic", means=means).in_flight == 200
    local = a_recipe(server, "user", critic=f"hf:{tiny_llama_dir}")
    assert open_agents(local, {}, Path(), means).in_flight == IN_FLIGHT["cpu"]


def test_weights_that_play_two_sides_are_loaded_once(tiny_llama_dir: Path) -> None:
    spec = f"hf:{tiny_llama_dir}"
    agents = open_agents(Recipe(catalog="sample", words=spec, critic=spec), {}, Path())
    assert agents.critic is not None
    worder = agents.assistant.worder  # pyright: ignore[reportAttributeAccessIssue]
    assert worder.model.model is agents.critic.model.model  # pyright: ignore[reportAttributeAccessIssue]
    assert (worder.model.temperature > 0, agents.critic.model.temperature) == (True, 0.0)  # pyright: ignore


def test_a_script_is_no_critic() -> None:
    with pytest.raises(ModelError, match="is a script and no chat model"):
        open_agents(Recipe(catalog="sample", critic="scripted:eager"), {}, Path())


# --- limits and prices -----------------------------------------------------------------------------------------------


def test_limited_money_needs_a_price_for_every_model(serve: Serve, tmp_path: Path) -> None:
    recipe = a_recipe(serve(script=plays_all), "critic", limits=SpendingLimits(money=0.5))
    means = run_means(tmp_path, Limits(money=0.5))
    with pytest.raises(DataError, match="the model 'm' has no price"):
        open_agents(recipe, {}, Path(), means)


# --- the critic ------------------------------------------------------------------------------------------------------


def with_critic(verdict: Callable[[int], str]) -> Callable[[int, dict[str, Any]], Reply]:
    """All sides as they should be, the critic's answers as given, by its number."""
    asked = iter(range(10_000))

    def script(number: int, request: dict[str, Any]) -> Reply:
        is_critic = "last reviewer" in request["messages"][0]["content"]
        return says(verdict(next(asked)) if is_critic else answer(request))

    return script


def test_what_the_critic_refuses_is_not_accepted_and_the_reason_stands_at_its_turn(serve: Serve) -> None:
    refusal = json.dumps({"pass": False, "turn": 2, "reason": "Nobody says that."})
    server = serve(script=with_critic(lambda number: refusal))
    for trace, dialogue in played(agents_of(server, "critic"), 3):
        assert not dialogue.passed
        verdict = dialogue.verdicts[-1]
        assert (verdict.verifier, verdict.turn, verdict.reason) == ("critic", 1, "Nobody says that.")
        assert not trace.unanswered


def test_the_critic_is_not_asked_about_what_another_verifier_refuses(serve: Serve) -> None:
    server = serve(script=plays_all)
    agents = agents_of(server, "critic", assistant="scripted:eager")
    refused = [dialogue for _, dialogue in played(agents, 8) if not dialogue.passed]
    assert refused
    assert len(server.requests) == 8 - len(refused)
    assert all("critic" not in [verdict.verifier for verdict in dialogue.verdicts] for dialogue in refused)


def test_a_critic_that_talks_nonsense_accepts_nothing(serve: Serve) -> None:
    server = serve(script=with_critic(lambda number: "Lovely dialogue, well done!"))
    for trace, dialogue in played(agents_of(server, "critic"), 2):
        assert not dialogue.passed
        assert dialogue.verdicts[-1].reason.startswith(NO_VERDICT)
        assert not trace.unanswered


def test_a_critic_that_is_gone_leaves_the_dialogue_unjudged_and_says_so(serve: Serve) -> None:
    (trace, dialogue), *_ = played(agents_of(serve(refuses(500, "down")), "critic"), 1)
    assert (trace.ended, trace.unanswered) == ("call", True)
    assert trace.error.endswith("answered 500: down (4 tries). Look at the server's own log, then resume.")
    assert last_verdict(dialogue) == ("critic", False)
    assert dialogue.verdicts[-1].reason.startswith(NO_VERDICT)


# --- moods -----------------------------------------------------------------------------------------------------------

FOREIGN_CALL = says(
    None,
    tool_calls=[{"id": "1", "function": {"name": "rm_rf", "arguments": '{"path": "/"}'}}],
    reasoning_content="This one will do.",
)
GONE: dict[str, tuple[Reply, str]] = {
    "500 for ever": (refuses(500, "oh no"), "answered 500"),
    "429 for ever": (refuses(429, "slow down"), "answered 429"),
    "web page": (Reply(content_type="text/html", body="<html>Hi</html>"), "a web page"),
    "half a JSON": (Reply(body=says("Hello.").body[:60]), "half a JSON text"),
    "hanging": (Reply(hangs=True), "did not answer within"),
    "no such model": (refuses(404, "no model m"), "answered 404"),
}


@pytest.mark.parametrize("side", ["assistant", "user", "words"])
@pytest.mark.parametrize("mood", GONE)
def test_a_server_that_gives_no_answer_ends_the_conversation_in_one_line(serve: Serve, mood: str, side: str) -> None:
    reply, words = GONE[mood]
    agents = agents_of(serve(reply), side, means=Means(wait_seconds=0.01, timeout=0.3))
    (trace, dialogue), *_ = played(agents, 1)
    assert (trace.ended, trace.unanswered) == ("error", True)
    assert words in trace.error
    assert "\n" not in trace.error
    assert [(verdict.verifier, verdict.reason) for verdict in dialogue.verdicts] == [("rollout", trace.error)]
    assert not dialogue.passed


def test_latency_changes_nothing(serve: Serve) -> None:
    server = serve(script=lambda number, request: replace(plays_all(number, request), delay=0.1))
    assert [dialogue.passed for _, dialogue in played(agents_of(server, "user", "critic"), 2)] == [True, True]


def test_someone_elses_tool_is_a_call_of_the_assistant_and_nothing_of_the_others(serve: Serve) -> None:
    server = serve(FOREIGN_CALL)
    (trace, dialogue), *_ = played(agents_of(server, "assistant"), 1)
    assert trace.ended == "call"
    assert any(
        verdict.verifier == "tool_call" and not verdict.passed and "rm_rf" in verdict.reason
        for verdict in dialogue.verdicts
    )
    (trace, _), *_ = played(agents_of(server, "user"), 1)
    assert "no usable user turn" in trace.error
    assert "nothing is said" in trace.error
    assert not trace.unanswered
    (_, dialogue), *_ = played(agents_of(server, "critic"), 1)
    assert dialogue.verdicts[-1].reason.startswith(NO_VERDICT)
    (_, dialogue), *_ = played(agents_of(server, "words"), 1)
    assert dialogue.passed
    assert all("own words kept" in turn.note for turn in dialogue.turns)


def test_a_stop_goes_through_all_sides(serve: Serve) -> None:
    for side in SIDES:
        means = Means(timeout=60)
        agents = agents_of(serve(Reply(hangs=True)), side, means=means)
        means.stop_when(lambda: True)
        started = time.monotonic()
        with pytest.raises(Interrupted):
            played(agents, 1)
        assert time.monotonic() - started < 3.0
