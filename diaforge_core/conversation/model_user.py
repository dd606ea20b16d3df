"""The user's side played by a chat model: several drafts of each turn, checked, and one chosen by vote."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from rapidfuzz import fuzz

from ..errors import ModelError
from ..records.base import canonical_json, derived_seed
from ..records.dialogue import Turn
from ..records.scenario import Scenario
from ..records.tool import Tool
from .chat_models import ChatModel, Completion
from .model_user_briefs import Briefs, persona_lines
from .model_user_checks import Said, UserWords
from .prompts import Message, sanitise
from .structured import candidates

USER_TEMPERATURE = 0.8
"""Drafts that are all alike leave nothing to vote on."""
USER_TOKENS = 200
"""A user turn of `MOST_WORDS` words and the braces round it."""
ROUNDS = 3
"""How often drafts are asked for before the turn, and with it the conversation, is given up."""
ECHO = 6
"""Consecutive words of the request from which on a draft repeats it."""
SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"say": {"type": "string"}},
    "required": ["say"],
    "additionalProperties": False,
}
_RULES = """\
You are the customer of an assistant that operates enterprise tools; you do not know its tools. Write your next \
message to it and nothing else: one or two sentences, no explanations, nothing in the assistant's name. \
Never name a tool, a function or an API. Never invent a name, a number, a date or an address."""
_AGAIN = (
    "Drafts before this one could not be used. Keep to what stands above, values letter by letter, and say no more."
)
_FORM = 'Answer with one JSON object: {"say": "your message"}'
_THOUGHT = re.compile(r"\A.*?</think>|<think>.*\Z", re.DOTALL | re.IGNORECASE)
_FENCE = re.compile(r"\A\s*```\w*\s*|\s*```\s*\Z")
_OTHER_SIDE = re.compile(r"^\s*\**(?:assistant|system|agent)\**\s*:.*\Z", re.DOTALL | re.IGNORECASE | re.MULTILINE)
_LABEL = re.compile(r"\A\s*\**(?:user|you|customer|me)\**\s*:\s*", re.IGNORECASE)
_QUOTES = {'"': '"', "“": "”", "'": "'"}


class ModelUser:
    """Plays one scenario's user by a chat model; what it says is true, in its stage and gives nothing away.

    The same scenario, tools, trial and model answers give the same words.
    """

    family = "model"

    def __init__(
        self, model: ChatModel, spec: str, scenario: Scenario, tools: Sequence[Tool], trial: int = 0, *, votes: int = 3
    ) -> None:
        """`tools` holds the candidates and the goal tool; `votes` is how many drafts a turn is chosen from."""
        self.model = model
        self.spec = spec
        self.scenario = scenario
        self.trial = trial
        self.votes = votes
        self._words = UserWords(scenario, tools)
        self._briefs = Briefs(self._words, trial)

    def opening(self) -> Turn:
        """The vague request; ModelError when no draft of it may be said."""
        return self._turn((), self._briefs.opening())

    def answer(self, turns: Sequence[Turn]) -> Turn:
        """The answer to the last turn, an assistant's reply; ModelError when no draft of it may be said."""
        return self._turn(turns, self._briefs.answer(turns))

    def _turn(self, turns: Sequence[Turn], brief: Sequence[str]) -> Turn:
        faults: Counter[str] = Counter()
        seconds, tokens = 0.0, 0
        for attempt in range(ROUNDS):
            messages = user_messages(self.scenario, turns, [*brief, *([_AGAIN] if attempt else [])])
            seed = derived_seed("user", self.scenario.seed, self.trial, len(turns), attempt)
            drafts = candidates(self.model, messages, self.votes, schema=SCHEMA, seed=seed, max_tokens=USER_TOKENS)
            # Drafts of one request share its time; those of several took it one after the other.
            seconds += drafts[0].seconds if _at_once(drafts) else sum(draft.seconds for draft in drafts)
            tokens += sum(draft.tokens for draft in drafts)
            valid = self._valid(drafts, turns, faults)
            if valid:
                chosen, agree = vote(valid)
                note = f"{agree} of {len(valid)} usable drafts agree, {len(drafts)} asked{_refused(faults)}"
                return Turn(speaker="user", reply=chosen.text, seconds=seconds, tokens=tokens, note=note)
        raise ModelError(
            f"The model '{self.spec}' gave no usable user turn in {ROUNDS * self.votes} drafts{_refused(faults)}. "
            "Choose a larger model for the user's side, or let a model only word what the script plans."
        )

    def _valid(self, drafts: Sequence[Completion], turns: Sequence[Turn], faults: Counter[str]) -> list[Said]:
        valid: list[Said] = []
        for draft in drafts:
            said = self._words.said(draft_text(draft.text), turns)
            fault = self._echo(said.text) or self._words.fault(said, turns)
            if fault:
                faults[fault] += 1
            else:
                valid.append(said)
        return valid

    def _echo(self, text: str) -> str:
        """What is wrong with a draft that repeats what the model was told instead of following it."""
        told = f"{_RULES}\n{_FORM}\n{_AGAIN}\n{persona_lines(self.scenario)}"
        return "the request itself is repeated" if _runs(text) & _runs(told) else ""


def _runs(text: str) -> set[tuple[str, ...]]:
    words = re.findall(r"[^\W_]+", text.casefold())
    return {tuple(words[start : start + ECHO]) for start in range(len(words) - ECHO + 1)}


def user_messages(scenario: Scenario, turns: Sequence[Turn], brief: Sequence[str]) -> list[Message]:
    """The request for one user turn: who is speaking, what was said so far, what may be said now."""
    system = f"{_RULES}\n{sanitise(persona_lines(scenario))}"
    talk = [f"{'You' if turn.speaker == 'user' else 'Assistant'}: {sanitise(turn.reply)}" for turn in turns]
    past = ["The conversation so far:", *talk, ""] if talk else []
    asked = "\n".join([*past, *brief, _FORM])
    return [{"role": "system", "content": system}, {"role": "user", "content": asked}]


def draft_text(text: str) -> str:
    """The words in a model's answer: of its JSON object, else the plain text without what stands round them."""
    text = _THOUGHT.sub("", text).strip()
    said = _said(text)
    words = said if said is not None else _LABEL.sub("", _OTHER_SIDE.sub("", _FENCE.sub("", text)))
    words = " ".join(words.split())
    if len(words) > 1 and _QUOTES.get(words[0]) == words[-1] and words.count(words[0]) <= 2:
        words = words[1:-1].strip()
    return sanitise(words)


def _said(text: str) -> str | None:
    """What the first JSON object of the text says; None if there is none or it says something else than words."""
    start = text.find("{")
    try:
        found, _ = json.JSONDecoder().raw_decode(text, start) if start >= 0 else (None, 0)
    except (ValueError, RecursionError):
        return None
    said = found.get("say") if isinstance(found, dict) else None
    return said if isinstance(said, str) else None


def vote(valid: Sequence[Said]) -> tuple[Said, int]:
    """The draft most agreed with, and how many mean the same: first by what they mean, then by likeness of words.

    Ties go to the earlier draft.
    """
    meanings = [canonical_json(said.meaning) for said in valid]
    counts = Counter(meanings)
    most = max(counts.values())
    agreed = [place for place, meant in enumerate(meanings) if counts[meant] == most]
    best = max(agreed, key=lambda place: (_likeness(place, valid), -place))
    return valid[best], most


def _likeness(place: int, valid: Sequence[Said]) -> float:
    return sum(fuzz.token_sort_ratio(valid[place].text, other.text) for other in valid)


def _at_once(drafts: Sequence[Completion]) -> bool:
    return len({draft.seconds for draft in drafts}) == 1


def _refused(faults: Counter[str]) -> str:
    reasons = "; ".join(f"{fault} ({count})" for fault, count in faults.most_common(3))
    return f"; refused: {reasons}" if reasons else ""
