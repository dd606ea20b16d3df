"""A chat model without weights that does what its brief says, as a good one would: for tests of model-driven sides."""

from __future__ import annotations

import contextlib
import json
import random
import re
import sys
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .stub_server import Forgetful, Reply, Script, StubServer, says

_HINT = re.compile(r"in your own words, that you (.*)\.$", re.MULTILINE)
_VALUE = re.compile(r"^- ([^:\n]+): (.+)$", re.MULTILINE)
_CHOICE = re.compile(r"^The choice that is true: (.*)\. Say that", re.MULTILINE)
_TRUTH = re.compile(r"^The truth about .*: (yes|no)", re.MULTILINE)
_LATER = re.compile(r"^You do not have the (.*) at hand yet", re.MULTILINE)
_NEED = re.compile(r"^You need to (.*)\. Say so", re.MULTILINE)
_THOUGHT = re.compile(r"^The thought: (.*)$", re.MULTILINE)
_MESSAGE = re.compile(r"^The message: (.*)$", re.MULTILINE)
_OPENERS = (
    "Hello, I {}. It came up this morning and I would rather not get it wrong.",
    "Hi there. I {}, if you can help; somebody asked me about it twice already.",
    "Good morning, I {} today, and I am not quite sure how that is done here.",
)


def user_words(brief: str, rng: random.Random) -> str:
    """What a user says who follows the brief to the letter."""
    values = "and ".join(f"the {label} is {value} " for label, value in _VALUE.findall(brief)).strip()
    if found := _HINT.search(brief):
        return rng.choice(_OPENERS).format(found[1])
    if found := _CHOICE.search(brief):
        return rng.choice(("I mean {}. Thank you for asking.", "It is this: {}. Thanks a lot.")).format(found[1])
    if found := _TRUTH.search(brief):
        return f"{found[1].capitalize()}."
    if "none of the choices offered" in brief or "that none of them is it" in brief:
        return "None of those, I am afraid."
    if "Say that it is the wrong thing" in brief:
        return "No, you have got hold of the wrong thing there."
    if "Say yes, they may go ahead" in brief:
        return "Yes, go ahead."
    if found := _LATER.search(brief):
        put_off = f"I still have to look up the {found[1]}."
        return f"{values[:1].upper()}{values[1:]}. {put_off}" if values else put_off
    if found := _NEED.search(brief):
        return f"I need to {found[1]}."
    return f"{values[:1].upper()}{values[1:]}." if values else "I do not understand, what exactly do you need to know?"


def reworded(text: str, rng: random.Random) -> str:
    """The text in other words that mean the same."""
    lead = rng.choice(("So, ", "Well, ", "Right, ", "Hm, "))
    return f"{lead}{text}"


def answer(request: dict[str, Any], place: int = 0) -> str:
    """What the model says to one request, whichever side it is asked to play."""
    rng = random.Random(f"{request.get('seed')} {place}")
    system, asked = request["messages"][0]["content"], request["messages"][-1]["content"]
    if "last reviewer" in system:
        return json.dumps({"pass": True, "turn": 0, "reason": ""})
    if "You reword" in system:
        parts = {"thought": _THOUGHT.search(asked), "say": _MESSAGE.search(asked)}
        return json.dumps({name: reworded(found[1], rng) for name, found in parts.items() if found})
    return json.dumps({"say": user_words(asked.rpartition("\nAssistant: ")[2], rng)})


def counting_tokens(count: Callable[[str], int]) -> Script:
    """A script for a stub server: as many drafts as asked for, each by its own chance; `count` counts its tokens."""

    def script(number: int, request: dict[str, Any]) -> Reply:
        drafts = [answer(request, place) for place in range(request.get("n", 1))]
        read = sum(count(message["content"]) for message in request["messages"])
        return says(*drafts, usage=(read, sum(map(count, drafts))))

    return script


plays_all = counting_tokens(lambda text: len(text) // 4)


def main(arguments: list[str]) -> None:
    """Serve all sides after a given latency, for benchmarks; the address is printed."""
    latency, port = float(arguments[0]), int(arguments[1])
    server = StubServer(lambda number, request: replace(plays_all(number, request), delay=latency), port)
    server.requests = Forgetful()
    server.authorizations = Forgetful()
    print(server.url, flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


if __name__ == "__main__":
    main(sys.argv[1:])
