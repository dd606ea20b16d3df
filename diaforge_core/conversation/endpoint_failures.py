"""What it means when a server gives no answer: whether to try again, what to leave out, what a person can do."""

from __future__ import annotations

import contextlib
import email.utils
import time
from collections.abc import Iterator, Mapping
from typing import Any

KEY_VARIABLES = ("DIAFORGE_API_KEY", "OPENAI_API_KEY")
"""Where a key may stand; the first that is set counts."""
TRIES = {"overloaded": 8, "broken": 4, "silent": 2, "refused": 1}
"""Kind of failure → tries before the endpoint counts as down; one that hangs costs a whole time-out each time."""
OVERLOADED = (408, 425, 429, 503, 529)
NOT_UNDERSTOOD = (400, 404, 415, 422, 501)
"""Statuses with which servers refuse a request that holds a parameter they do not know."""
NOT_LET_IN = (0, 401, 402, 403, 404)
"""Statuses with which a server refuses whatever is asked; 0 is a web page instead of an answer."""


class Failure(Exception):
    """One try that gave no answer; never leaves the endpoint."""

    def __init__(self, kind: str, reason: str, advice: str, status: int = 0, pause: float | None = None) -> None:
        super().__init__(reason)
        self.kind, self.reason, self.advice, self.status = kind, reason, advice, status
        self.pause = pause
        """Seconds that the server asks to be left alone."""
        self.billed = False
        """Whether the server may have worked for it all the same."""


ADVICE = {
    400: "Change what it names, or choose another model.",
    401: f"Set the right key in {KEY_VARIABLES[0]}.",
    403: f"Set a key that may use this model in {KEY_VARIABLES[0]}.",
    404: "Check the model's name and the address, which usually ends in /v1.",
    429: "Ask for fewer at once, or resume later.",
    500: "Look at the server's own log, then resume.",
}


def too_late(timeout: float) -> Failure:
    """What a try is that took longer than this many seconds."""
    return Failure(
        "silent",
        f"it did not answer within {timeout:g} seconds",
        "Look whether the server hangs; if it is only slow, ask for fewer at once or allow more time.",
    )


def foreign(what: str, kind: str = "broken") -> Failure:
    """What an answer is that another kind of server gave; paid for unless it says that the address is wrong."""
    failure = Failure(
        kind,
        f"its answer {what} is not that of an OpenAI-compatible server",
        "Correct the address, which usually ends in /v1, or look at the server's own log.",
    )
    failure.billed = kind == "broken"
    return failure


def unreadable(text: str) -> Failure:
    """What an answer is that is no JSON: a page means the wrong address, the rest may be an accident."""
    start = text.lstrip()[:1]
    if start == "<":
        return foreign("(a web page)", "refused")
    return foreign("(half a JSON text)" if start in ("{", "[") else "(no JSON text)" if start else "(nothing)")


def never_sent(problem: BaseException) -> bool:
    """Whether the request surely did not reach the server."""
    import httpx2

    return isinstance(problem.__cause__, (httpx2.ConnectError, httpx2.ConnectTimeout, httpx2.PoolTimeout))


@contextlib.contextmanager
def httpx_errors(request: Any) -> Iterator[None]:
    """Failures while the answer is read, as the client reports those before it."""
    import httpx2
    import openai

    try:
        yield
    except httpx2.TimeoutException as problem:
        raise openai.APITimeoutError(request) from problem
    except httpx2.HTTPError as problem:
        raise openai.APIConnectionError(message=str(problem), request=request) from problem


def asked_pause(headers: Mapping[str, str]) -> float | None:
    """Seconds that the server asks for in `Retry-After`, as a number or a date; None if it does not."""
    said = headers.get("retry-after", "")
    with contextlib.suppress(ValueError):
        return max(0.0, float(said))
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(said).timestamp() - time.time())
    return None


def simpler_request(failure: Failure, request: Mapping[str, Any], lacks: frozenset[str]) -> frozenset[str] | None:
    """What to leave out so that the server may understand the request; None if the refusal is not about that.

    `n` and the response format are luxuries and left out at any such refusal; the others only when it names them.
    """
    if failure.status not in NOT_UNDERSTOOD:
        return None
    said = failure.reason
    for name in ("max_tokens", "temperature", "seed"):
        if name in request and f"{name}" in said and "maximum" not in said:
            return lacks | {name}
    if "n" in request and "response_format" not in said:
        return lacks | {"n"}
    if "response_format" in request:
        return lacks | {"json_object" if "json_schema" in lacks else "json_schema"}
    return None
