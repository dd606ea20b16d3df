"""Words that belong to no conversation of a user with an assistant: about its making, orders, the wrong role."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...catalog.hidden_text import hidden
from ...records.dialogue import Turn
from .case import Case, Fault
from .words import fold, name_words

_MAKING = re.compile(
    r"\bground[- ]truth\b|\b(?:hidden|secret) (?:goals?|labels?|targets?|intents?|side)\b|\bdistractors?\b"
    r"|\bgold(?:en)? (?:labels?|calls?|arguments?|values?|tools?|answers?)\b"
    r"|\bas an ai\b|\b(?:large |ai )?language models?\b|\bsimulated (?:user|assistant|conversation|dialogue|person)\b"
    r"|\b(?:in|as|per|by|for|from|of|to) (?:the|this|my|our|a) (?:simulation|role-?play\w*|script|scenario|persona"
    r"|training (?:data|example|sample|set)|synthetic \w+|benchmark|test case)\b"
    r"|\b(?:the|this|my) (?:simulation|role-?play|scenario|script|persona) (?:says?|states|tells|demands|asks"
    r"|gives|wants|requires|expects|ends)\b"
    r"|\b(?:my|the|your) (?:system )?prompt (?:says?|states|tells|demands|asks)\b|\bsystem prompt\b"
    r"|\b(?:in|by|per|from|to) my instructions\b|\bmy instructions (?:say|are|tell|forbid)\b"
    r"|\bi(?: am|'m) (?:only |just )?(?:simulating|role-?playing|playing (?:a|the) (?:user|role))\b"
    r"|\b(?:training|synthetic) dialogues?\b",
    re.IGNORECASE,
)
"""What only somebody says who knows that the talk is made up."""
_ORDER = re.compile(
    r"(?<![\w-])(?:SYSTEM|ASSISTANT|DEVELOPER)(?: (?:NOTE|PROMPT|MESSAGE|OVERRIDE))?\s*:"
    r"|\[(?:SYSTEM|system|ASSISTANT|assistant)\b"
    r"|(?i:\b(?:ignore|disregard|forget|override) (?:all |any )?(?:of )?(?:the |your )?(?:previous|prior|earlier"
    r"|above|preceding|former|system)"
    r" (?:instruction|rule|prompt|guideline)s?\b"
    r"|\byou are now (?:a|an|in|the)\b|\b(?:developer|debug|jailbreak) mode\b|\bnew system (?:instruction|prompt)s?\b)"
)
"""An order to whoever is trained on the words, as no user of a business tool gives it."""
_SERVES = re.compile(
    r"\bhow (?:can|may|might|could) i (?:help|assist|be of (?:help|service|assistance))\b"
    r"|\bi(?:'d| would| will|'ll| am|'m)(?: be)? (?:more than |very |only too )?(?:happy|glad|pleased|here) to (?:help"
    r"|assist|do that|take care)\b"
    r"|\bi (?:can|will|could)(?: certainly| gladly| surely)? (?:help|assist) you\b"
    r"|\bi(?:'ll| can| will)(?: certainly| gladly| now)? (?:do|handle|set up|create|take care of|arrange|process) "
    r"(?:that|this|it) for you\b"
    r"|\banything else (?:that )?i can (?:do for you|help)"
    r"|\bto (?:proceed|continue|go ahead),? i(?:'ll| will)? (?:still )?need\b"
    r"|\bplease (?:provide|specify|supply) (?:me with )?your\b"
    r"|\bwhat can i (?:do for|help) you\b|\bwelcome to\b.{0,40}\b(?:help ?desk|service)\b"
    r"|\bhow (?:can|may) i serve\b",
    re.IGNORECASE,
)
"""What only the one says who serves."""
_SHORT = 5
"""Letters up to which a word of such talk is no subject of its own."""
_SAYING = frozenset(("states", "demands", "requires", "expects", "synthetic", "hidden", "secret"))
_KEY = re.compile(r"\{\s*[\"']([^\"'{}]{1,80})[\"']\s*:")


_MAKING_SIGNS = (
    "truth", "hidden", "secret", "distractor", "gold", "an ai", "language model", "simulat", "role", "script",
    "scenario", "persona", "training", "synthetic", "benchmark", "test case", "prompt", "instruction", "playing",
)  # fmt: skip
_SERVING_SIGNS = (
    "help",
    "assist",
    "for you",
    "do that",
    "take care",
    "proceed",
    "continue",
    "go ahead",
    "your",
    "serv",
)
_ORDER_SIGNS = (
    "system", "assistant", "developer", "ignore", "disregard", "forget", "override", "you are now", "mode",
)  # fmt: skip
"""Of these words one is in whatever the patterns match; to look for them is quicker."""


def out_of_place(case: Case) -> Iterator[Fault]:
    """Each turn whose words do not belong there: unseen characters, talk of the making, orders, raw JSON."""
    all_words = "\n".join(f"{turn.reply}\n{turn.thought}" for turn in case.turns)
    low = all_words.casefold()
    checks = [
        check
        for check, needed in (
            (
                _unseen,
                not all_words.isascii() or not all_words.replace("\n", "").isprintable() or "<" in low or "[" in low,
            ),
            (_about_the_making, any(sign in low for sign in _MAKING_SIGNS)),
            (_by_the_user, "{" in low or any(sign in low for sign in _ORDER_SIGNS)),
        )
        if needed
    ]
    for index, turn in enumerate(case.turns) if checks else ():
        why = next((why for check in checks if (why := check(case, turn))), "")
        if why:
            yield Fault(why, index)


def speaks_as_assistant(case: Case) -> Iterator[Fault]:
    """Each user turn in words that only the one says who serves."""
    for index, _, words in case.user_turns():
        low = words.casefold()
        served = _SERVES.search(words) if any(sign in low for sign in _SERVING_SIGNS) else None
        if served:
            yield Fault(f"the user speaks as the assistant does (“{served[0]}”)", index)


def _unseen(_case: Case, turn: Turn) -> str:
    found = next(hidden(turn.reply), None) or next(hidden(turn.thought), None)
    return f"the {turn.speaker}'s words hold what a reader does not see: {found.why}" if found else ""


def _about_the_making(case: Case, turn: Turn) -> str:
    found = (each[0] for each in _MAKING.finditer(f"{turn.reply}\n{turn.thought}"))
    told = next((words for words in found if not _is_of_the_subject(case, words)), "")
    return f"the {turn.speaker} speaks of how the dialogue is made (“{told}”)" if told else ""


def _is_of_the_subject(case: Case, words: str) -> bool:
    """Whether the tools or the wanted values speak of this themselves, as a tool for simulations does."""
    values = f"{case.scenario.gold_arguments}"
    own = set(name_words(" ".join([*(f"{tool.text} {list(tool.properties)}" for tool in case.candidates), values])))
    said = [word for word in name_words(words) if len(word) > _SHORT and word not in _SAYING]
    return fold(words) in fold(values) or bool({word for each in said for word in (each, f"{each}s")} & own)


def _by_the_user(case: Case, turn: Turn) -> str:
    if turn.speaker != "user":
        return ""
    order = _ORDER.search(turn.reply)
    if order and fold(order[0]) not in fold(f"{case.scenario.gold_arguments}"):
        return f"the user's words hold an order as to a model (“{order[0]}”)"
    own = case.goal.properties if case.goal else {}
    keys = _KEY.findall(turn.reply) if "{" in turn.reply else ()
    return "the user speaks in JSON, with the names of the parameters" if any(key in own for key in keys) else ""
