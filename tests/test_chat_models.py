"""Endpoints as they are: slow, overloaded, broken, or not what they should be; and the assistant on top."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.chat_models import Completion, ModelAssistant, OpenAIModel, ScriptedModel, turn_of
from diaforge_core.errors import ModelError
from diaforge_core.records.tool import ToolCall

from .factories import a_setting, sales_tools, user

KEY = "sk-very-secret-key-123"
Answer = tuple[int, str, str]
"""Status, content type and body."""


class StubServer:
    """A real HTTP server on loopback that answers from a queue, the last answer over and over."""

    def __init__(self, answers: list[Answer], delay: float = 0.0) -> None:
        self.answers = answers
        self.requests: list[dict[str, Any]] = []
        self.authorizations: list[str] = []
        stub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                stub.requests.append(json.loads(body))
                stub.authorizations.append(self.headers.get("Authorization", ""))
                time.sleep(delay)
                status, kind, text = stub.answers[min(len(stub.requests), len(stub.answers)) - 1]
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.end_headers()
                self.wfile.write(text.encode())

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/v1"
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def serve() -> Iterator[Callable[..., StubServer]]:
    servers: list[StubServer] = []

    def start(*answers: Answer, delay: float = 0.0) -> StubServer:
        servers.append(StubServer(list(answers), delay))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def answer(content: str | None, **message: Any) -> Answer:
    body = {
        "id": "x",
        "object": "chat.completion",
        "created": 1,
        "model": "m",
        "choices": [
            {"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content, **message}}
        ],
        "usage": {"prompt_tokens": 5, "completion_tokens": 7, "total_tokens": 12},
    }
    return 200, "application/json", json.dumps(body)


def refusal(status: int, message: str) -> Answer:
    return status, "application/json", json.dumps({"error": {"message": message, "type": "x", "code": None}})


def a_model(server: StubServer, **changes: Any) -> OpenAIModel:
    return OpenAIModel("m", server.url, key=SecretStr(KEY), wait_seconds=0.01, **changes)


def a_view() -> View:
    return View(tools=sales_tools()[:2], setting=a_setting(), turns=(user("Add John."),))


def test_a_prompted_assistant_sends_the_rendering_and_reads_the_call(serve: Callable[..., StubServer]) -> None:
    server = serve(answer('<think>Clear.</think>\n<tool_call>{"name": "A", "arguments": {"x": 1}}</tool_call>'))
    turn = ModelAssistant(a_model(server), "openai:m").act(a_view(), seed=2**62)
    assert (turn.thought, turn.call, turn.tokens) == ("Clear.", ToolCall(name="A", arguments={"x": 1}), 7)
    assert turn.seconds > 0
    sent = server.requests[0]
    assert "tools" not in sent
    assert [message["role"] for message in sent["messages"]] == ["system", "user"]
    assert server.authorizations == [f"Bearer {KEY}"]


def test_a_native_assistant_sends_tools_and_reads_the_servers_calls(serve: Callable[..., StubServer]) -> None:
    calls = [{"id": "1", "type": "function", "function": {"name": "A", "arguments": '{"x": 1}'}}]
    server = serve(answer(None, tool_calls=calls, reasoning_content="Clear."))
    turn = ModelAssistant(a_model(server), "openai:m", native=True).act(a_view(), seed=1)
    assert (turn.thought, turn.call, turn.reply) == ("Clear.", ToolCall(name="A", arguments={"x": 1}), "")
    assert [tool["function"]["name"] for tool in server.requests[0]["tools"]] == ["CRM_CreateLead", "CRM_UpdateLead"]


def test_an_overloaded_server_is_asked_again(serve: Callable[..., StubServer]) -> None:
    server = serve(refusal(429, "slow down"), refusal(503, "restarting"), answer("Hello."))
    assert a_model(server).complete([{"role": "user", "content": "Hi"}]).text == "Hello."
    assert len(server.requests) == 3


def test_latency_is_waited_for_and_measured(serve: Callable[..., StubServer]) -> None:
    completion = a_model(serve(answer("Hello."), delay=0.2)).complete([{"role": "user", "content": "Hi"}])
    assert completion.seconds >= 0.2


def test_a_server_that_never_answers_is_given_up(serve: Callable[..., StubServer]) -> None:
    server = serve(answer("late"), delay=0.5)
    with pytest.raises(ModelError, match=r"did not answer within 0\.05 seconds"):
        a_model(server, timeout=0.05).complete([{"role": "user", "content": "Hi"}])


@pytest.mark.parametrize(
    "given",
    [
        (200, "text/html", "<html><body>Welcome to nginx!</body></html>"),
        (200, "application/json", "{garbage"),
        (200, "application/json", "{}"),
        (200, "application/json", '{"choices": []}'),
        (200, "application/json", '{"choices": [{"message": null}]}'),
        (200, "application/json", "[1, 2]"),
        (200, "application/json", "null"),
        (200, "text/plain", ""),
    ],
)
def test_an_answer_in_another_language_is_one_plain_error(serve: Callable[..., StubServer], given: Answer) -> None:
    with pytest.raises(ModelError, match="is not that of an OpenAI-compatible server") as problem:
        a_model(serve(given)).complete([{"role": "user", "content": "Hi"}])
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "given",
    [
        refusal(401, f"Incorrect API key provided: {KEY}"),
        refusal(400, f"bad request with {KEY}"),
        (404, "text/html", f"<h1>Not found</h1> {KEY}"),
        refusal(500, f"crashed on {KEY}"),
    ],
)
def test_a_refusal_says_why_and_never_shows_the_key(serve: Callable[..., StubServer], given: Answer) -> None:
    model = a_model(serve(given))
    with pytest.raises(ModelError, match=f"answered {given[0]}") as problem:
        model.complete([{"role": "user", "content": "Hi"}])
    assert KEY not in str(problem.value)
    assert KEY not in repr(problem.value)
    assert KEY not in repr(vars(model)["_key"])


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
    server = serve(answer("Hello."))
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
