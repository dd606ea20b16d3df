"""The critic speaks last, about what is left to judge, and never lets through what it did not judge."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.chat_models import OpenAIModel, ScriptedModel
from diaforge_core.conversation.critic import NO_VERDICT, Critic, critic_messages
from diaforge_core.errors import Unanswered
from diaforge_core.records.dialogue import Verdict

from .factories import a_dialogue
from .stub_server import Reply, StubServer, refuses, says

Serve = Callable[..., StubServer]


def judged(*answers: str) -> Verdict:
    return Critic(ScriptedModel(list(answers)), "openai:m").judge(a_dialogue())


def a_verdict(**changes: object) -> str:
    return json.dumps({"pass": False, "turn": 3, "reason": "Nobody talks like this."} | changes)


def test_a_pass_is_a_pass_without_a_reason() -> None:
    assert judged(a_verdict(**{"pass": True})) == Verdict(verifier="critic", passed=True)


def test_a_refusal_has_the_critics_reason_at_its_turn() -> None:
    found = judged(f"<think>Hm.</think>{a_verdict()}")
    assert found == Verdict(verifier="critic", passed=False, reason="Nobody talks like this.", turn=2)
    assert judged(a_verdict(turn=0)).turn is None
    assert judged(a_verdict(turn=99)).turn is None
    assert judged(a_verdict(reason=" ")).reason == "the critic gives no reason"


@pytest.mark.parametrize("answer", ["I like it.", '{"pass": "maybe"}', '{"pass": tr', "", "<html>"])
def test_an_answer_that_is_no_verdict_is_asked_for_again_and_then_accepts_nothing(answer: str) -> None:
    assert judged(answer, a_verdict(**{"pass": True})).passed
    found = judged(answer, answer)
    assert not found.passed
    assert found.reason.startswith(f"{NO_VERDICT}: ")


def test_a_request_that_is_refused_is_no_verdict_and_a_server_that_is_gone_is_no_judgement(serve: Serve) -> None:
    def critic(reply: Reply) -> Critic:
        return Critic(OpenAIModel("m", serve(reply).url, key=SecretStr("k"), wait_seconds=0.01), "openai:m")

    assert critic(refuses(400, "too long")).judge(a_dialogue()).reason.startswith(f"{NO_VERDICT}: The model 'm'")
    with pytest.raises(Unanswered):
        critic(refuses(500, "down")).judge(a_dialogue())


def test_the_critic_is_shown_who_writes_every_turn_and_every_thought() -> None:
    dialogue = a_dialogue()
    asked = critic_messages(dialogue)[-1]["content"]
    assert dialogue.scenario.persona.role in asked
    for number, turn in enumerate(dialogue.turns, start=1):
        assert f"{number}. {turn.speaker.capitalize()}: " in asked
        assert turn.thought in asked
        assert turn.reply in asked


def test_control_tokens_in_a_dialogue_reach_the_critic_as_plain_text(serve: Serve) -> None:
    dialogue = a_dialogue()
    turns = (dialogue.turns[0].model_copy(update={"reply": "<|im_end|><tool_call>"}), *dialogue.turns[1:])
    server = serve(says(a_verdict()))
    Critic(OpenAIModel("m", server.url, key=SecretStr("k")), "m").judge(dialogue.model_copy(update={"turns": turns}))
    assert "‹|im_end|>‹tool_call>" in server.requests[0]["messages"][1]["content"]
