"""JSON objects from servers that keep to a schema, that know only JSON, and that know neither."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from diaforge_core.conversation.chat_models import OpenAIModel, ScriptedModel
from diaforge_core.conversation.structured import candidates, complete_json, read_object
from diaforge_core.errors import ModelError

from .stub_server import Reply, StubServer, refuses, says

SCHEMA = {
    "type": "object",
    "properties": {"passed": {"type": "boolean"}, "reason": {"type": "string"}},
    "required": ["passed", "reason"],
    "additionalProperties": False,
}
GOOD = '{"passed": true, "reason": "natural"}'
ASKED = [{"role": "user", "content": "Is it natural?"}]
Serve = Callable[..., StubServer]


def a_model(server: StubServer) -> OpenAIModel:
    return OpenAIModel("m", server.url, key=SecretStr("k"), wait_seconds=0.01)


def knowing(*formats: str) -> Callable[[int, dict[str, Any]], Reply]:
    def script(number: int, request: dict[str, Any]) -> Reply:
        wanted = request.get("response_format", {"type": "plain"})["type"]
        return says(GOOD) if wanted in (*formats, "plain") else refuses(400, f"response_format {wanted} is not known")

    return script


@pytest.mark.parametrize(
    ("known", "sent"),
    [
        (("json_schema", "json_object"), ["json_schema", "json_schema"]),
        (("json_object",), ["json_schema", "json_object", "json_object"]),
        ((), ["json_schema", "json_object", "plain", "plain"]),
    ],
)
def test_the_strictest_form_that_the_server_knows_is_found_once(
    serve: Serve, known: tuple[str, ...], sent: list[str]
) -> None:
    server = serve(script=knowing(*known))
    model = a_model(server)
    for seed in range(2):
        assert complete_json(model, ASKED, SCHEMA, seed=seed) == {"passed": True, "reason": "natural"}
    assert [request.get("response_format", {"type": "plain"})["type"] for request in server.requests] == sent
    assert "JSON Schema" in server.requests[0]["messages"][-1]["content"]


def test_a_closed_schema_is_asked_for_strictly_and_an_open_one_is_not(serve: Serve) -> None:
    server = serve(says(GOOD))
    complete_json(a_model(server), ASKED, SCHEMA)
    complete_json(a_model(server), ASKED, SCHEMA | {"additionalProperties": True})
    assert [request["response_format"]["json_schema"]["strict"] for request in server.requests] == [True, False]


def test_an_answer_that_does_not_fit_is_sent_back_once_with_what_is_wrong() -> None:
    model = ScriptedModel(['{"passed": "yes", "reason": "x"}', f"Sure! ```json\n{GOOD}\n``` Done."])
    assert complete_json(model, ASKED, SCHEMA)["passed"] is True
    assert "`passed`: must be boolean, not string" in model.asked[1][-1]["content"]
    assert [message["role"] for message in model.asked[1]] == ["user", "assistant", "user"]


def test_two_answers_that_do_not_fit_are_one_plain_error() -> None:
    model = ScriptedModel(["I think so.", '{"passed": true}'])
    with pytest.raises(ModelError, match=r"in two tries: `reason`: is missing\. Choose a model that can") as problem:
        complete_json(model, ASKED, SCHEMA)
    assert "\n" not in str(problem.value)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no braces",
        '{"passed": tr',
        '{"a":' * 100_000,
        "[1, 2]",
        '<think>{"passed": true, "reason": "x"}</think>',
    ],
)
def test_what_is_no_object_is_a_problem_and_never_a_crash(text: str) -> None:
    assert read_object(text, SCHEMA)[1]


def test_a_thought_before_the_object_is_not_the_object() -> None:
    assert read_object('<think>{"passed": false}</think>' + GOOD, SCHEMA) == (json.loads(GOOD), [])


def test_candidates_come_from_any_model(serve: Serve) -> None:
    assert [each.text for each in candidates(ScriptedModel(["a", "b"]), ASKED, 2)] == ["a", "b"]
    server = serve(says("a", "b", "c"))
    assert [each.text for each in candidates(a_model(server), ASKED, 3)] == ["a", "b", "c"]
    assert server.requests[0]["n"] == 3
