"""An OpenAI-compatible server as its callers want it: a question in, an answer or one plain ModelError out.

Retries, pauses, deadlines, the limit on requests in flight, the cache, the budget and what this server does not
understand are all in here. Callers are threads, one for each conversation: with 256 in flight that took less of our
CPU and let more calls through than an event loop (`benchmarks/bench_endpoint.py`), and nobody has to be async.
"""

from __future__ import annotations

import itertools
import json
import os
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from pydantic import SecretStr

from ..errors import DiaForgeError, ModelError, RunStopped, Unanswered
from ..records.base import canonical_json, content_id, derived_seed
from .budget import NO_TOKENS, Budget, Limits, Price, Tokens
from .endpoint_failures import (
    ADVICE,
    KEY_VARIABLES,
    NOT_LET_IN,
    OVERLOADED,
    TRIES,
    Failure,
    asked_pause,
    foreign,
    httpx_errors,
    never_sent,
    simpler_request,
    too_late,
    unreadable,
)
from .halting import Halt
from .response_cache import ResponseCache
from .signatures import shorten

if TYPE_CHECKING:
    import openai

RESPONSES_FILE = "responses.jsonl"
"""In a run's folder: every answer of an endpoint."""
IN_FLIGHT = 256
"""Requests at once; at a kill no more than these are lost."""
PER_POOL = 32
"""Requests that share a connection pool: a pool looks through all its connections for every request."""
TIMEOUT_SECONDS = 120.0
CONNECT_SECONDS = 10.0
PATIENCE_SECONDS = 300.0
"""How long one request is tried again; a server that asks for a longer pause is given up at once."""
LONGEST_PAUSE = 20.0
"""Seconds between two tries unless the server asks for more."""
MAX_ANSWER_BYTES = 8 << 20
SHORTEST_SECRET = 8
"""Characters; a shorter key is a placeholder such as `none` or `EMPTY`, and ordinary words would be hidden for it."""
_SERVER_WORDS = 200
"""Characters of a server's own words that are passed on."""


@dataclass(frozen=True, slots=True)
class Means:
    """What all endpoints of one run share."""

    cache: ResponseCache | None = None
    budget: Budget = field(default_factory=Budget)
    in_flight: int = IN_FLIGHT
    """Most requests at once, for each endpoint."""
    timeout: float = TIMEOUT_SECONDS
    """Seconds for one try, from its start to the last byte of the answer."""
    wait_seconds: float = 1.0
    """Pause after the first failure; doubled each time, and drawn between half and all of it."""
    stop: Halt = field(default_factory=Halt)
    """Set it, and what is in flight is cut; conversations that wait for a server then raise Interrupted."""

    def stop_when(self, asked: Callable[[], bool]) -> None:
        """Stop within a second of `asked()` saying so; it is asked from another thread."""
        self.stop.watch(asked)

    def report(self) -> dict[str, Any]:
        """What was spent so far, by `spent`; nothing if no endpoint was asked."""
        spent = asdict(self.budget.spent)
        return {"spent": spent} if spent["calls"] or spent["cache_hits"] else {}

    def close(self) -> None:
        """Give the file of answers back."""
        if self.cache is not None:
            self.cache.close()


def run_means(folder: Path, limits: Limits | None = None, prices: Mapping[str, Price] | None = None) -> Means:
    """The means of a run with this folder: answers kept in it, and what it spent before it was resumed counted."""
    cache, budget = ResponseCache(folder / RESPONSES_FILE), Budget(limits, prices)
    for model, (calls, tokens) in cache.earlier.items():
        budget.charge(model, tokens, calls)
    return Means(cache=cache, budget=budget)


@dataclass(frozen=True, slots=True)
class Question:
    """All that an answer depends on, the model and the server aside."""

    messages: Sequence[Mapping[str, Any]]
    tools: Sequence[Mapping[str, Any]] = ()
    """In the protocol's form."""
    schema: Mapping[str, Any] | None = None
    """JSON Schema of the object that the answer is to be; a server that does not know it gets the words alone."""
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int = 0
    trial: int = 0
    """Asked again on purpose: another trial is never answered from the cache of the first."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One of a server's answers to a question."""

    text: str
    thought: str = ""
    """What the server gives as reasoning, beside the text."""
    calls: tuple[tuple[str, str], ...] = ()
    """Name and arguments, as JSON text, of each tool call."""
    tokens: Tokens = NO_TOKENS
    """Of the request that brought it; where that brought several answers, the first of them has all."""
    seconds: float = 0.0
    """From the first try to the last byte; an answer from the cache keeps the time that it once took."""
    cached: bool = False


class _Sent(NamedTuple):
    """What one question took in the end."""

    answers: list[Answer]
    used: Tokens
    calls: int
    error: DiaForgeError | None = None
    """Why there are no answers; without one, the server cannot give as many at once."""


class Endpoint:
    """One model behind the OpenAI chat protocol; safe to ask from many threads at once."""

    def __init__(
        self,
        model: str,
        base_url: str = "",
        *,
        key: SecretStr | None = None,
        means: Means | None = None,
        known_as: str = "",
    ) -> None:
        """`key` comes from the environment if not given; ModelError if there is none and OpenAI itself is asked.

        `known_as` stands for the address where answers are kept: other servers may have given them.
        """
        self.model = model
        self.base_url = base_url
        self._known_as = known_as or base_url
        self.means = means or Means()
        self._key = key or key_from_environment()
        if not self._key.get_secret_value() and not base_url:
            raise ModelError(
                f"The model '{model}' needs a key: set {KEY_VARIABLES[0]} or {KEY_VARIABLES[1]}, "
                f"or name a server of your own: openai:{model}@BASE_URL."
            )
        self.means.budget.check_price(model)
        self._slots = threading.BoundedSemaphore(self.means.in_flight)
        self._clients: list[openai.OpenAI] = []
        self._turn = itertools.count()
        self._lock = threading.Lock()
        self._quiet_until = 0.0
        self._lacks: frozenset[str] = frozenset()
        """What the server turned out not to understand; see `simpler_request`."""

    def __repr__(self) -> str:
        return f"Endpoint({self.model!r}, {self._where!r})"

    @property
    def in_flight(self) -> int:
        """Questions that may be asked at the same time."""
        return self.means.in_flight

    # --- questions ---------------------------------------------------------------------------------------------------

    def ask(self, question: Question) -> Answer:
        """The server's answer, or the one it gave earlier to the very same question.

        ModelError in one line when none can be had, BudgetReached when it could cost too much.
        """
        return self._several(question, 1)[0]

    def candidates(self, question: Question, count: int) -> list[Answer]:
        """`count` answers to vote on: from one request where the server can, else from one each with its own seed."""
        singles = [replace(question, seed=derived_seed("candidate", question.seed, each)) for each in range(count)]
        at_once = "n" not in self._lacks and not self._is_kept(singles[0])
        if at_once and count > 1 and (found := self._several(question, count)):
            return found
        found = [self.ask(single) for single in singles]
        self._lacks |= {"n"}
        return found

    # --- cache and budget --------------------------------------------------------------------------------------------

    def _several(self, question: Question, count: int) -> list[Answer]:
        """`count` answers from one request; none if the server cannot give as many."""
        cache, key = self.means.cache, ""
        if cache is not None:
            key = self._cache_key(question, count)
            kept = cache.get(key)
            if kept is not None:
                self.means.budget.count_cache_hit()
                return [_answer_of(each) for each in kept]
        with self._slots:
            most = _most(question, count)
            if cache is not None:
                cache.asked(key, self.model, most)
            sent = self._sent(question, count, most)
            if cache is not None and not sent.answers:
                cache.failed(key, self.model, sent.used, sent.calls)
            if sent.error is not None:
                raise sent.error
            if cache is None or not sent.answers:
                return sent.answers
            kept = cache.put(key, self.model, sent.used, sent.calls, [_plain(each) for each in sent.answers])
            return [replace(_answer_of(each), cached=False) for each in kept]

    def _is_kept(self, question: Question) -> bool:
        return self.means.cache is not None and self.means.cache.get(self._cache_key(question, 1)) is not None

    def _cache_key(self, question: Question, count: int) -> str:
        # Not `asdict`, which copies every message and tool.
        asked = {name: getattr(question, name) for name in Question.__slots__}
        return content_id(self.model, self._known_as, asked, count, length=32)

    # --- tries -------------------------------------------------------------------------------------------------------

    def _sent(self, question: Question, count: int, most: Tokens) -> _Sent:
        """What came of the question after as many tries as the failures on the way are worth; each try is paid for."""
        started = time.monotonic()
        used, calls, failed = Tokens(), 0, 0
        lacks = self._lacks
        while True:
            request = self._request(question, count, lacks)
            try:
                self._hold_back()
                self.means.stop.check()
                self.means.budget.reserve(self.model, most)
            except RunStopped as problem:
                return _Sent([], used, calls, self.means.stop.interrupted() or problem)
            answers, spent, failure = self._paid(request, most, retry=calls > 0)
            used, calls = used + spent, calls + 1
            if failure is None:
                self._lacks |= lacks
                if len(answers) < count:
                    return _Sent([], used, calls)
                seconds = time.monotonic() - started
                first, *others = (replace(answer, seconds=seconds) for answer in answers)
                return _Sent([replace(first, tokens=spent), *others], used, calls)
            simpler = simpler_request(failure, request, lacks)
            if simpler == lacks | {"n"}:
                return _Sent([], used, calls)
            if simpler is not None:
                lacks = simpler
                continue
            failed += 1
            if error := self._ended(failure, failed, started):
                return _Sent([], used, calls, error)

    def _paid(
        self, request: dict[str, Any], most: Tokens, *, retry: bool
    ) -> tuple[list[Answer], Tokens, Failure | None]:
        """The answers of one request, what it cost, and why there are none."""
        answers, spent, failure = [], Tokens(), None
        try:
            answers, spent = self._once(request, most)
        except Failure as problem:
            failure, spent = problem, most if problem.billed else Tokens()
        finally:
            self.means.budget.settle(self.model, most, spent, retry=retry)
        return answers, spent, failure

    def _ended(self, failure: Failure, failed: int, started: float) -> DiaForgeError | None:
        """Why there is no further try; None after the pause before one."""
        try:
            # Cutting its connection made the request fail.
            self.means.stop.check()
            pause = self._pause(failure, failed)
            if failed >= TRIES[failure.kind] or time.monotonic() + pause > started + PATIENCE_SECONDS:
                return self._given_up(failure, failed)
            self.means.stop.sleep(pause)
        except RunStopped as problem:
            return problem
        return None

    def _pause(self, failure: Failure, failed: int) -> float:
        """Seconds until the next try, longer each time, never in step with others; as long as the server asks for."""
        if failure.pause is not None and failure.pause < PATIENCE_SECONDS:
            with self._lock:
                self._quiet_until = max(self._quiet_until, time.monotonic() + failure.pause)
        longest = min(self.means.wait_seconds * 2 ** (failed - 1), LONGEST_PAUSE)
        return (failure.pause or 0.0) + longest * random.uniform(0.5, 1.0)

    def _hold_back(self) -> None:
        """Wait while the server wants to be left alone: it told one request, and means all of them."""
        while (left := self._quiet_until - time.monotonic()) > 0:
            self.means.stop.sleep(left + random.uniform(0.0, self.means.wait_seconds))

    def _given_up(self, failure: Failure, failed: int) -> ModelError:
        tried = f" ({failed} tries)" if failed > 1 else ""
        said = f"The model '{self.model}' at {self._where} gave no answer: {failure.reason}{tried}. {failure.advice}"
        # A request that is refused for what it holds says nothing about the next one.
        away = failure.kind != "refused" or failure.status in NOT_LET_IN
        return Unanswered(self._hide(said)) if away else ModelError(self._hide(said))

    # --- one try -----------------------------------------------------------------------------------------------------

    def _once(self, request: dict[str, Any], most: Tokens) -> tuple[list[Answer], Tokens]:
        """The answers of one request and what it cost; Failure if there are none."""
        import openai

        failure: Failure
        try:
            body = self._body(request)
        except openai.APIStatusError as problem:
            failure = self._refusal(problem)
        except openai.APITimeoutError as problem:
            failure = too_late(self.means.timeout)
            failure.billed = not never_sent(problem)
        except openai.APIConnectionError as problem:
            why = f"it cannot be reached ({self._brief(str(problem.__cause__ or problem))})"
            failure = Failure("broken", why, "Start the server or correct its address.")
            failure.billed = not never_sent(problem)
        except openai.OpenAIError as problem:
            failure = foreign(f"({type(problem).__name__})")
        else:
            return self._answers(body, most)
        raise failure

    def _body(self, request: dict[str, Any]) -> bytes:
        """All bytes of the answer; read piece by piece, because only so a server that drips has an end."""
        import openai

        deadline = time.monotonic() + self.means.timeout
        pieces, size = [], 0
        client = self._client()
        with (
            # As it stands: the client would walk through every message to look for what it knows how to rename.
            client.chat.completions.with_streaming_response.create(
                model=self.model, messages=(), extra_body=request
            ) as response,
            httpx_errors(response.http_request),
        ):
            for piece in response.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > MAX_ANSWER_BYTES:
                    raise foreign(f"of more than {MAX_ANSWER_BYTES >> 20} MB")
                if time.monotonic() > deadline:
                    raise openai.APITimeoutError(response.http_request)
        return b"".join(pieces)

    def _answers(self, body: bytes, most: Tokens) -> tuple[list[Answer], Tokens]:
        text = body.decode("utf-8", "replace")
        try:
            found = json.loads(text)
        except (ValueError, RecursionError):
            raise unreadable(text) from None
        if isinstance(found, dict) and "choices" not in found and found.get("error"):
            raise Failure("broken", f"it answered: {self._brief(_words(found['error']))}", ADVICE[500])
        try:
            answers = [_answer(choice["message"], self._hide) for choice in _some(found["choices"])]
            return answers, _tokens(found.get("usage"), most)
        except (ValueError, TypeError, AttributeError, LookupError):
            raise foreign("without a message") from None

    def _refusal(self, problem: openai.APIStatusError) -> Failure:
        status, body = problem.status_code, problem.body
        said = _words(body) if isinstance(body, dict) and body else problem.response.reason_phrase or "no reason given"
        kind = "overloaded" if status in OVERLOADED else "broken" if status >= 500 else "refused"
        return Failure(
            kind,
            f"it answered {status}: {self._brief(said)}",
            ADVICE.get(status) or ADVICE[500 if status >= 500 else 400],
            status,
            asked_pause(problem.response.headers) if kind == "overloaded" else None,
        )

    def _request(self, question: Question, count: int, lacks: frozenset[str]) -> dict[str, Any]:
        """The request in words that the server is not known to lack."""
        request: dict[str, Any] = {"model": self.model, "messages": list(question.messages)}
        request["max_completion_tokens" if "max_tokens" in lacks else "max_tokens"] = question.max_tokens
        request |= {"temperature": question.temperature, "seed": question.seed % (1 << 31)}
        if question.tools:
            request["tools"] = list(question.tools)
        if count > 1:
            request["n"] = count
        if question.schema is not None and "json_object" not in lacks:
            plain = "json_schema" in lacks
            request["response_format"] = {"type": "json_object"} if plain else _schema_format(question.schema)
        for name in lacks - {"max_tokens"}:
            request.pop(name, None)
        return request

    def _client(self) -> openai.OpenAI:
        """One of a few clients in turn; each has its own pool of connections."""
        import httpx2
        import openai

        place = next(self._turn) % -(-self.means.in_flight // PER_POOL)
        with self._lock:
            while len(self._clients) <= place:
                limit = httpx2.Timeout(self.means.timeout, connect=min(CONNECT_SECONDS, self.means.timeout))
                # Servers of one's own ask for no key, the client insists on one.
                key = self._key.get_secret_value() or "none"
                http = openai.DefaultHttpxClient(timeout=limit, event_hooks={"request": [self._traced]})
                client = openai.OpenAI(
                    api_key=key, base_url=self.base_url or None, timeout=limit, max_retries=0, http_client=http
                )
                self._clients.append(client)
            return self._clients[place]

    def _traced(self, request: Any) -> None:
        request.extensions["trace"] = self.means.stop.note

    @property
    def _where(self) -> str:
        return self.base_url or "the OpenAI server"

    def _brief(self, text: str) -> str:
        """The start of a server's words; the key is hidden first, or half of it could be left."""
        return shorten(self._hide(text), _SERVER_WORDS).rstrip(".")

    def _hide(self, text: str) -> str:
        """The text without the key, which some servers repeat."""
        key = self._key.get_secret_value()
        return text.replace(key, "***") if len(key) >= SHORTEST_SECRET else text


def key_from_environment() -> SecretStr:
    """The key of the first variable of `KEY_VARIABLES` that is set; empty if none is."""
    return SecretStr(next((os.environ[name] for name in KEY_VARIABLES if os.environ.get(name)), ""))


# --- the protocol's forms --------------------------------------------------------------------------------------------


def _most(question: Question, count: int) -> Tokens:
    """No request costs more: a token is at least one byte, and a server's template adds little to each message."""
    size = len(canonical_json([question.messages, question.tools, question.schema]).encode("utf-8", "surrogatepass"))
    around = 16 * len(question.messages) + (512 if question.tools or question.schema else 64)
    return Tokens(size + around, question.max_tokens * count)


def _schema_format(schema: Mapping[str, Any]) -> dict[str, Any]:
    closed = schema.get("additionalProperties") is False
    strict = closed and set(schema.get("required", ())) == set(schema.get("properties", ()))
    return {"type": "json_schema", "json_schema": {"name": "answer", "schema": dict(schema), "strict": strict}}


def _some(choices: Any) -> list[Any]:
    """The choices; LookupError if there are none."""
    if not isinstance(choices, list) or not choices:
        raise LookupError
    return choices


def _answer(message: dict[str, Any], hide: Callable[[str], str]) -> Answer:
    """The parts of a server's message; an error of Python's own if they are not what the protocol says."""
    functions = [call["function"] for call in message.get("tool_calls") or ()]
    thought = message.get("reasoning_content") or message.get("reasoning") or ""
    content = message.get("content") or ""
    if isinstance(content, list):
        content = "".join(part.get("text", "") for part in content)
    if not isinstance(content, str) or not isinstance(thought, str):
        raise TypeError
    calls = tuple(
        (_writable(str(function["name"])), hide(_writable(_as_text(function.get("arguments")))))
        for function in functions
    )
    return Answer(hide(_writable(content)), hide(_writable(thought)), calls)


def _writable(text: str) -> str:
    """The text with a `?` for each half of a surrogate pair, which JSON lets through and no file can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")


def _as_text(arguments: Any) -> str:
    """Arguments as JSON text; some servers give the object itself."""
    return arguments if isinstance(arguments, str) else json.dumps(arguments or {})


def _tokens(usage: Any, most: Tokens) -> Tokens:
    """What the request cost; the most it can have cost where the server does not say."""
    try:
        read, written = int(usage["prompt_tokens"] or 0), int(usage["completion_tokens"] or 0)
    except (TypeError, ValueError, LookupError, OverflowError):
        return most
    return Tokens(max(read, 0), max(written, 0))


def _words(error: Any) -> str:
    """The server's own words on why it refused."""
    if isinstance(error, dict):
        error = error.get("error") or error.get("message") or error.get("detail") or "no reason given"
    if isinstance(error, dict):
        error = error.get("message") or "no reason given"
    return str(error)


def _plain(answer: Answer) -> dict[str, Any]:
    return asdict(replace(answer, cached=True))


def _answer_of(kept: dict[str, Any]) -> Answer:
    calls = tuple((name, arguments) for name, arguments in kept["calls"])
    return Answer(**kept | {"calls": calls, "tokens": Tokens(**kept["tokens"])})
