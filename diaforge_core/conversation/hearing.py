"""What an assistant's reply asks in whatever words: the ear of the simulated user in evaluation."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from ..catalog.facets import Facet
from ..catalog.words import by_identity
from ..records.dialogue import Turn
from ..records.scenario import Bank
from ..records.tool import Tool
from .cues import addressed, are_wide_open, asks, is_bare, is_foreign, is_open, says_values, seeks_a_yes
from .ear import mended
from .evidence import spoken_words
from .free_words import Heard, Listener
from .layout import is_remark, laid_out, to_the_point, without_babble
from .named_choices import answers_of
from .understanding import (
    Asked,
    Ear,
    by_the_word,
    chosen_in_full,
    remembered,
    says_that_none_fits,
    seeks_confirmation,
    understand,
)

_MOST_HEARD = 4_000
"""Characters of a reply that are heard, its last ones, where it asks; some patterns take the square of them."""
_MAY_CHOOSE = re.compile(r"[,;]|\b(?:or|versus|vs|rather than|have|know|hold|there)\b", re.IGNORECASE)
"""What stands in a reply that names several choices, or asks whether there is something."""
_REQUEST = re.compile(
    r"\b(?:tell|give|send|provide|need|specify|share|enter|missing|lack|let me have|may i have|can i have"
    r"|could i have)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_OFFERS = re.compile(r"\n|\bor\b", re.IGNORECASE)
_WH = re.compile(r"\b(?:what|which|who|where|when|how|why)\b", re.IGNORECASE)


def ear_of(bank: Bank, talk: Sequence[Turn] = ()) -> Ear:
    """How the user of a scenario listens: in evaluation to any words, in generation to those that are judged by.

    `talk` are the turns before the reply, where they are at hand.
    """
    if bank != "evaluation":
        return by_the_word
    return partial(hear, talk=talk) if talk else hear


def hear(reply: str, tools: Sequence[Tool], shown: Sequence[Tool], talk: Sequence[Turn] = ()) -> Asked:
    """What a reply asks, read against the tools still open; kind `other` when nothing can be made of it.

    `shown` are all the tools, of which a question may still speak though the words have ruled them out; `talk` are the
    turns before, which make some tools likelier than others. What is asked in the very words of the tools comes first,
    then what free words ask.
    """
    reply = reply[-_MOST_HEARD:]
    before = " ".join(turn.reply for turn in talk)[-_MOST_HEARD:]
    in_order = sorted(tools, key=lambda tool: tool.name)
    known = _memory(sorted(shown, key=lambda tool: tool.name))
    key = (reply, before, tuple(tool.name for tool in in_order))
    return remembered(known, key, lambda: _heard(reply, before, in_order, tuple(shown)))


@by_identity(2048)
def _memory(tools: Sequence[Tool]) -> dict[tuple[str, str, tuple[str, ...]], Asked]:
    """Replies already heard against these very tool objects."""
    return {}


def _heard(reply: str, talk: str, tools: Sequence[Tool], shown: Sequence[Tool]) -> Asked:
    if says_that_none_fits(reply):
        return Asked("none_fits")
    literal = chosen_in_full(reply, tools) if _MAY_CHOOSE.search(reply) else None
    written = addressed(reply)
    text = mended(written, spoken_words(shown))
    said = [] if is_foreign(text, spoken_words(shown)) else without_babble(laid_out(text))
    wanting, others = _parted(said)
    pointed = [to_the_point(one) for one in [one for one in wanting if not is_remark(one)] or wanting]
    asking = [question for question, _ in pointed]
    listener = Listener(tools, shown, talk)
    if not asking and listener.lists_values(text):
        asking = [text]
    beside = [*(others if asking else ()), *(told for _, told in pointed if told)]
    heard = listener.hear(asking, beside)
    if asking:
        heard = listener.by_name(heard, *_parted(without_babble(laid_out(written))))
    offers = len(heard.groups) > 1 and any(_OR.search(sentence) for sentence in asking)
    asks_else = offers or (heard.parameters and _asks_more(asking))
    if seeks_a_yes(reply if text.strip() else "", asking) and not asks_else:
        return Asked("confirmation")
    if not literal and are_wide_open(asking) and not any(_OFFERS.search(sentence) for sentence in beside):
        return Asked("options")
    if literal and len(heard.groups) <= len(literal.groups):
        return replace(
            literal, parameters=heard.parameters if heard.groups else listener.beside(asking, literal.groups)
        )
    if heard.groups:
        return _of_groups(heard, tools, shown)
    return _without_choice(reply, heard, asking, tools, listener)


def _parted(said: Sequence[str]) -> tuple[list[str], list[str]]:
    """The sentences that ask something, and the others."""
    wanting = [sentence for sentence in said if asks(sentence)]
    return wanting, [sentence for sentence in said if sentence not in wanting]


def _asks_more(asking: Sequence[str]) -> bool:
    """Whether one of the sentences asks for something else than a yes, and does not say values over."""
    open_ones = [sentence for sentence in asking if "?" in sentence or not says_values(sentence)]
    return any((_WH.search(sentence) or _REQUEST.search(sentence)) and not is_bare(sentence) for sentence in open_ones)


def _without_choice(
    reply: str, heard: Heard, asking: Sequence[str], tools: Sequence[Tool], listener: Listener
) -> Asked:
    """What a reply asks that offers no choice between tools."""
    if not asking:
        return Asked("other")
    if seeks_confirmation(reply):
        return Asked("confirmation")
    if heard.parameters:
        return Asked("arguments", parameters=heard.parameters)
    by_word = understand(reply, tools)
    if by_word.kind in ("arguments", "confirmation"):
        return by_word
    if left := listener.still_open(asking):
        return Asked("arguments", parameters=left)
    return Asked("options" if any(is_open(sentence, spoken_words(tools)) for sentence in asking) else "other")


def _of_groups(heard: Heard, tools: Sequence[Tool], shown: Sequence[Tool]) -> Asked:
    """A separating question by the tools that its choices leave, with the facets whose answers part those best."""
    named = {name for group in heard.groups for name in group}
    table = answers_of(tools if named <= {tool.name for tool in tools} else shown)
    exact = [each.facet for each in table if all(_one_answer(each.facet, group) for group in heard.groups)]
    fine = [each.facet for each in table if all(_kept_apart(each.facet, group) for group in heard.groups)]
    keys = tuple(dict.fromkeys(facet.key for facet in (*exact, *fine, *(each.facet for each in table))))
    options = tuple(exact[0].answers[group[0]] for group in heard.groups) if exact else ()
    return Asked("facet", keys, heard.parameters, tuple(sorted(named)), options, groups=heard.groups)


def _one_answer(facet: Facet, group: Sequence[str]) -> bool:
    """Whether the tools of the group, and no others, share one answer."""
    answers = {facet.answers.get(name, "") for name in group}
    return len(answers) == 1 and "" not in answers and _kept_apart(facet, group)


def _kept_apart(facet: Facet, group: Sequence[str]) -> bool:
    """Whether no tool outside the group has an answer of one inside."""
    inside = {facet.answers[name] for name in group if name in facet.answers}
    return bool(inside) and not any(answer in inside for name, answer in facet.answers.items() if name not in group)
