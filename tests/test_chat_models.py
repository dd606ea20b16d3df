"""Endpoints as they are: slow, overloaded, broken, or not what they should be; and the assistant on top."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.chat_models import Completion, ModelAssistant, OpenAIModel, ScriptedModel, turn_of
from diaforge_core.errors import ModelError
from diaforge_core.records.tool import ToolCall

from .factories import a_setting, sales_tools, user
from .stub_server import Reply, StubServer, refuses, says

KEY = "sk-very-secret-key-123"


def a_model(server: StubServer, **changes: Any) -> OpenAIModel:
    return OpenAIModel("m", server.url, key=SecretStr(KEY), wait_seconds=0.01, **changes)


def a_view() -> View:
    return View(tools=sales_tools()[:2], setting=a_setting(), turns=(user("Add John."),))


def test_a_prompted_assistant_sends_the_rendering_and_reads_the_call(serve: Callable[..., StubServer]) -> None:
    server = serve(says('<think>Clear.</think>\n<tool_call>{"name": "A", "arguments": {"x": 1}}</tool_call>'))
    turn = ModelAssistant(a_model(server), "openai:m").act(a_view(), seed=2**62)
    assert (turn.thought, turn.call, turn.tokens) == ("Clear.", ToolCall(name="A", arguments={"x": 1}), 7)
    assert turn.seconds > 0
    sent = server.requests[0]
    assert "tools" not in sent
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert server.authorizations == [f"Bearer {KEY}"]


def test_a_native_assistant_sends_tools_and_reads_the_servers_calls(serve: Callable[..., StubServer]) -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "A", "arguments": '{"x": 1}'}}]
    server = serve(says(None, tool_calls=calls, reasoning_content="Clear."))
    turn = ModelAssistant(a_model(server), "openai:m", native=True).act(a_view(), seed=1)
    assert (turn.thought, turn.call, turn.reply) == ("Clear.", ToolCall(name="A", arguments={"x": 1}), "")
    assert [tool["function"]["name"] for tool in server.requests[0]["tools"]] == ["CRM_CreateLead", "CRM_UpdateLead"]


def test_an_overloaded_server_is_asked_again(serve: Callable[..., StubServer]) -> None:
    server = serve(refuses(429, "slow down"), refuses(503, "restarting"), says("Hello."))
    assert a_model(server).complete([{"role": "user", "content": "Hi"}]).text == "Hello."
    assert len(server.requests) == 3


def test_latency_is_waited_for_and_measured(serve: Callable[..., StubServer]) -> None:
    completion = a_model(serve(replace(says("Hello."), delay=0.2))).complete([{"role": "user", "content": "Hi"}])
    assert completion.seconds >= 0.2


def test_a_server_that_never_answers_is_given_up(serve: Callable[..., StubServer]) -> None:
    server = serve(replace(says("late"), delay=0.5))
    with pytest.raises(ModelError, match=r"did not answer within 0\.05 seconds"):
        a_model(server, timeout=0.05).complete([{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize(
    "given",
    [
        Reply(200, "text/html", "<html><body>Welcome to nginx!</body></html>"),
        Reply(200, "application/json", "{garbage"),
        Reply(200, "application/json", "{}"),
        Reply(200, "application/json", '{"choices": []}'),
        Reply(200, "application/json", '{"choices": [{"message": null}]}'),
        Reply(200, "application/json", "[1, 2]"),
        Reply(200, "application/json", "null"),
        Reply(200, "text/plain", ""),
    ],
)
def test_an_answer_in_another_language_is_one_plain_error(serve: Callable[..., StubServer], given: Reply) -> None:
    with pytest.raises(ModelError, match="is not that of an OpenAI-compatible server") as problem:
        a_model(serve(given)).complete([{"role": "user", "content": "Hi"}])
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "given",
    [
        refuses(401, f"Incorrect API key provided: {KEY}"),
        refuses(400, f"bad request with {KEY}"),
        Reply(404, "text/html", f"<h1>Not found</h1> {KEY}"),
        refuses(500, f"crashed on {KEY}"),
    ],
)
def test_a_refusal_says_why_and_never_shows_the_key(serve: Callable[..., StubServer], given: Reply) -> None:
    model = a_model(serve(given))
    with pytest.raises(ModelError, match=f"answered {given.status}") as problem:
        model.complete([{"role": "user", "content": "Hi"}])
    assert KEY not in str(problem.value)
    assert KEY not in repr(problem.value)
    assert KEY not in repr([vars(model), vars(model.endpoint)])


def test_a_server_that_is_not_there_is_named() -> None:
    model = OpenAIModel("m", "http://127.0.0.1:9/v1", key=SecretStr(KEY), wait_seconds=0.01)
    with pytest.raises(ModelError, match=r"'m' at http://127\.0\.0\.1:9/v1 gave no answer: it cannot be reached"):
        model.complete([{"role": "user", "content": "Hi"}])


def test_openai_itself_needs_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("DIAFORGE_API_KEY", raising=False)
    monkeypatch.delenv("OPENAI_API_KEY", raising=False)
    with pytest.raises(ModelError, match="set DIAFORGE_API_KEY or OPENAI_API_KEY"):
        OpenAIModel("gpt-x")


def test_the_key_comes_from_the_environment(serve: Callable[..., StubServer], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "second")
    monkeypatch.setenv("DIAFORGE_API_KEY", "first")
    server = serve(says("Hello."))
    OpenAIModel("m", server.url).complete([{"role": "user", "content": "Hi"}])
    assert server.authorizations == ["Bearer first"]


def test_a_scripted_model_complains_when_its_queue_is_empty() -> None:
    model = ScriptedModel(["Which one?"])
    assistant = ModelAssistant(model, "scripted")
    assert assistant.act(a_view(), 0).reply == "Which one?"
    with pytest.raises(ModelError, match="no answer left"):
        assistant.act(a_view(), 0)


def test_words_beside_native_calls_go_to_the_note() -> None:
    turn = turn_of(Completion("One moment.", tool_calls=(ToolCall(name="A"), ToolCall(name="B"))))
    assert turn.call == ToolCall(name="A")
    assert turn.reply == ""
    assert turn.note == "said beside the call: One moment.; 2 calls in one turn; the first counts"
