"""Models that answer chat messages: scripted, OpenAI-compatible servers; and the assistant that wraps any of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

from pydantic import SecretStr

from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.tool import Tool, ToolCall
from .endpoint import TIMEOUT_SECONDS, Answer, Means, Question
from .endpoint_pool import open_endpoint
from .grounded import grounded
from .prompts import (
    Message,
    call_from_json,
    native_messages,
    native_tool,
    parse_turn,
    render_messages,
    render_target,
)

if TYPE_CHECKING:
    from .constrained import Constraint
    from .view import View

REPLY_TOKENS = 320
"""Of the sample catalog, the longest draft with its call takes 303; a model that rambles on is cut here."""


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
        means: Means | None = None,
    ) -> None:
        """`means` is what the endpoints of one run share; it comes with its own time-out and pauses."""
        self.model = model
        self.temperature = temperature
        means = means or Means(timeout=timeout, wait_seconds=wait_seconds)
        self.endpoint = open_endpoint(model, base_url, key=key, means=means)
        self.in_flight = self.endpoint.in_flight
        """Conversations that may wait for it at the same time."""

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
        trial: int = 0,
    ) -> Completion:
        """The server's answer; overload, time-outs and lost connections are tried again, with growing pauses.

        ModelError in one line when the server cannot be reached, refuses, or answers in another language than the
        protocol's; BudgetReached before a request that could cost more than is allowed. Neither ever holds the key.
        """
        return _completion(self.endpoint.ask(self._question(messages, tools, seed, max_tokens, trial)))

    def complete_several(
        self,
        messages: Sequence[Message],
        count: int,
        *,
        schema: Mapping[str, Any] | None = None,
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
        trial: int = 0,
    ) -> list[Completion]:
        """`count` answers to vote on, in one request where the server can; errors as from `complete`.

        With a schema each is held to it as far as the server can.
        """
        question = replace(self._question(messages, (), seed, max_tokens, trial), schema=schema)
        return [_completion(answer) for answer in self.endpoint.candidates(question, count)]

    def complete_as(
        self,
        messages: Sequence[Message],
        schema: Mapping[str, Any],
        *,
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
        trial: int = 0,
    ) -> Completion:
        """An answer that the server holds to the JSON Schema as far as it can; errors as from `complete`."""
        question = self._question(messages, (), seed, max_tokens, trial)
        return _completion(self.endpoint.ask(replace(question, schema=schema)))

    def _question(
        self, messages: Sequence[Message], tools: Sequence[Tool], seed: int, max_tokens: int, trial: int
    ) -> Question:
        return Question(
            messages,
            tools=[native_tool(tool) for tool in tools],
            max_tokens=max_tokens,
            temperature=self.temperature,
            seed=seed,
            trial=trial,
        )


def _completion(answer: Answer) -> Completion:
    """The answer with its thought in the text and its calls read; a call that cannot be read is left out."""
    calls = [call_from_json(name, arguments) for name, arguments in answer.calls]
    text = answer.text
    if answer.thought and "</think>" not in text:
        text = f"<think>{answer.thought}</think>\n{text}"
    return Completion(text, answer.tokens.completion, answer.seconds, tuple(call for call in calls if call))


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
        self.examples = ""
        """Worked examples at the end of the system turn; empty for none."""
        self.constraint: Constraint | None = None
        """What holds its model, one on this machine, to what the tools in view take; None where nothing does."""
        self.is_grounded = False
        """Whether a turn that gives a tool what nobody said is written again; its model is constrained then."""

    def act(self, view: View, seed: int) -> Turn:
        """The model's next turn with its time and tokens; ModelError if the model gives none."""
        messages, tools = self.request(view)

        def write(*bounds: Any) -> Turn:
            held: dict[str, Any] = {"held": self.constraint.held_to(*bounds)} if self.constraint else {}
            completion = self.model.complete(messages, tools=tools, seed=seed, max_tokens=self.max_tokens, **held)
            turn = turn_of(completion)
            return Turn(**turn.model_dump() | {"seconds": completion.seconds, "tokens": completion.tokens})

        return grounded(write, view) if self.is_grounded else write(view.tools)

    @property
    def in_flight(self) -> int:
        """Conversations that its model takes well at the same time."""
        return getattr(self.model, "in_flight", 1)

    def request(self, view: View) -> tuple[list[Message], Sequence[Tool]]:
        """The messages to send for the next turn, and the tools to send beside them."""
        form, tools = (native_messages, view.tools) if self.native else (render_messages, ())
        system, *said = form(view, keep_thoughts=self.keep_thoughts)
        if self.examples:
            system = system | {"content": f"{system['content']}\n\n{self.examples}"}
        return [system, *said], tools


def in_flight_of(*sides: object) -> int:
    """Conversations that all of these take well at the same time: models and assistants; 1 where none says a number."""
    return min((number for side in sides if (number := getattr(side, "in_flight", 0))), default=1)


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
