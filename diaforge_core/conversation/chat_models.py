"""Models that answer chat messages: scripted, OpenAI-compatible servers; and the assistant that wraps any of them."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.tool import Tool, ToolCall
from .prompts import Message, call_from_json, native_messages, parse_turn, render_messages, render_target, sanitise
from .signatures import shorten

if TYPE_CHECKING:
    from .assistants import View

ATTEMPTS = 4
"""Tries of one request before the endpoint counts as down."""
REPLY_TOKENS = 256
"""The longest of 750 turns of the teacher took 217; a model that rambles on is cut here."""
TIMEOUT_SECONDS = 120.0
KEY_VARIABLES = ("DIAFORGE_API_KEY", "OPENAI_API_KEY")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a model answered."""

    text: str
    tokens: int = 0
    """Tokens it wrote, as the model or the server counts them."""
    seconds: float = 0.0
    """Wall-clock time of the request, retries included."""
    tool_calls: tuple[ToolCall, ...] = ()
    """Calls that came through the server's own tool calling."""


class ChatModel(Protocol):
    """Anything that continues a chat."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> Completion:
        """The next message; `tools` only for models with tool calling of their own. ModelError if none can be had."""
        ...


class ScriptedModel:
    """A model that gives the answers of a queue in order, and complains when it runs out."""

    def __init__(self, answers: Iterable[str]) -> None:
        self.answers = list(answers)
        self.asked: list[list[Message]] = []
        """The messages of every request so far."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> Completion:
        """The next answer of the queue; ModelError when there is none left."""
        if len(self.asked) >= len(self.answers):
            raise ModelError(f"The scripted model has no answer left; it was made with {len(self.answers)}.")
        self.asked.append(list(messages))
        return Completion(self.answers[len(self.asked) - 1])


class OpenAIModel:
    """A model behind the OpenAI chat protocol. The key is read from the environment and never shown."""

    def __init__(
        self,
        model: str,
        base_url: str = "",
        *,
        key: SecretStr | None = None,
        temperature: float = 0.0,
        timeout: float = TIMEOUT_SECONDS,
        wait_seconds: float = 1.0,
    ) -> None:
        import openai

        key = key or key_from_environment()
        if not key.get_secret_value() and not base_url:
            raise ModelError(
                f"The model '{model}' needs a key: set {KEY_VARIABLES[0]} or {KEY_VARIABLES[1]}, "
                f"or name a server of your own: openai:{model}@BASE_URL."
            )
        self.model = model
        self.where = base_url or "the OpenAI server"
        self.temperature = temperature
        self._wait_seconds = wait_seconds
        self._key = key
        # Servers of one's own ask for no key, the client insists on one.
        self._client = openai.OpenAI(
            api_key=key.get_secret_value() or "none", base_url=base_url or None, timeout=timeout, max_retries=0
        )

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> Completion:
        """The server's answer; overload, time-outs and lost connections are tried again, with growing pauses.

        ModelError in one line when the server cannot be reached, refuses, or answers in another language than the
        protocol's; it never holds the key.
        """
        import openai

        started = time.perf_counter()
        request: dict[str, Any] = {"model": self.model, "messages": list(messages), "max_tokens": max_tokens}
        request |= {"temperature": self.temperature, "seed": seed % (1 << 31)}
        if tools:
            request["tools"] = [_native_tool(tool) for tool in tools]
        try:
            answer = self._retrying()(self._client.chat.completions.create, **request)
            return _completion(answer, time.perf_counter() - started)
        except openai.APIStatusError as problem:
            reason = f"it answered {problem.status_code}: {self._hide(_status_words(problem))}"
        except openai.APITimeoutError:
            reason = f"it did not answer within {self._client.timeout} seconds"
        except openai.APIConnectionError as problem:
            reason = f"it cannot be reached ({self._hide(str(problem.__cause__ or problem))})"
        except (openai.OpenAIError, ValueError, TypeError, AttributeError, LookupError):
            reason = "its answer is not that of an OpenAI-compatible server; the address usually ends in /v1"
        raise ModelError(f"The model '{self.model}' at {self.where} gave no answer: {reason}.")

    def _retrying(self) -> Any:
        import openai
        import tenacity

        worth_it = (openai.APIConnectionError, openai.RateLimitError, openai.InternalServerError)
        return tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(worth_it),
            stop=tenacity.stop_after_attempt(ATTEMPTS),
            wait=tenacity.wait_exponential(multiplier=self._wait_seconds, max=20),
            reraise=True,
        )

    def _hide(self, text: str) -> str:
        key = self._key.get_secret_value()
        return shorten(text.replace(key, "***") if key else text, 200).rstrip(".")


def key_from_environment() -> SecretStr:
    """The key of the first variable of `KEY_VARIABLES` that is set; empty if none is."""
    return SecretStr(next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), ""))


def _status_words(problem: Any) -> str:
    """The server's own words on why it refused."""
    body = problem.body
    if isinstance(body, dict) and isinstance(body.get("message"), str):
        return body["message"]
    return problem.response.reason_phrase or "no reason given"


def _native_tool(tool: Tool) -> dict[str, Any]:
    return {
        "type": "function",
        "function": {"name": tool.name, "description": sanitise(tool.text)[:1024], "parameters": tool.parameters},
    }


def _completion(answer: Any, seconds: float) -> Completion:
    """The parts of a server's answer; AttributeError, LookupError or TypeError if they are not there."""
    message = answer.choices[0].message
    tokens = int(answer.usage.completion_tokens) if answer.usage else 0
    calls = [call_from_json(call.function.name, call.function.arguments) for call in message.tool_calls or ()]
    thought = getattr(message, "reasoning_content", None) or getattr(message, "reasoning", None) or ""
    text = message.content or ""
    if thought and "</think>" not in text:
        text = f"<think>{thought}</think>\n{text}"
    return Completion(text, max(tokens, 0), seconds, tuple(call for call in calls if call))


class ModelAssistant:
    """The assistant's side played by a chat model: our prompt and parser, or the server's own tool calling."""

    def __init__(
        self,
        model: ChatModel,
        spec: str,
        *,
        native: bool = False,
        keep_thoughts: bool = False,
        max_tokens: int = REPLY_TOKENS,
    ) -> None:
        self.model = model
        self.spec = spec
        self.native = native
        self.keep_thoughts = keep_thoughts
        self.max_tokens = max_tokens

    def act(self, view: View, seed: int) -> Turn:
        """The model's next turn with its time and tokens; ModelError if the model gives none."""
        if self.native:
            messages, tools = native_messages(view), view.tools
        else:
            messages, tools = render_messages(view, keep_thoughts=self.keep_thoughts), ()
        completion = self.model.complete(messages, tools=tools, seed=seed, max_tokens=self.max_tokens)
        turn = turn_of(completion)
        return Turn(**turn.model_dump() | {"seconds": completion.seconds, "tokens": completion.tokens})


def turn_of(completion: Completion) -> Turn:
    """The turn that a completion stands for; a native call counts before one in the text."""
    turn = parse_turn(completion.text)
    calls = completion.tool_calls
    if len(calls) == 0:
        return turn
    beside = render_target(turn, with_thought=False)
    notes = [f"said beside the call: {beside}"] if beside else []
    if len(calls) > 1:
        notes.append(f"{len(calls)} calls in one turn; the first counts")
    return Turn(speaker="assistant", thought=turn.thought, call=calls[0], note="; ".join(notes))
