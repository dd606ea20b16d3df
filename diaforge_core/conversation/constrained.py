"""Constrained decoding: what a model on this machine writes is held to a reply, or to a call that a tool in view takes.

A call then names one of the tools, has no key that the tool lacks and all that it requires, in the schema's order,
values of the right type, and choices from their list. What it says is still the model's; nothing is known of right or
wrong here. Words and thoughts can hold neither `<` nor `[` where that could begin what is read as a call. A thought
that begins as a working note is held to the tools like a call, and what follows it to what it says: after a whole draft
of a call, that very call or words; after a note on what is open, a question that leaves none of its answers out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..catalog.words import by_identity
from ..errors import ModelError
from ..records.dialogue import Turn
from ..records.tool import Tool
from ..records.trace import Decoding
from .call_schema import call_schema, can_be_met
from .notes import ANY_NOTE, THOUGHT_END, THOUGHT_START, asking_rules, draft_rules, drafted, noted_answers, open_rules
from .prompts import END, RENDERING, encode_control, render_target

if TYPE_CHECKING:
    import torch
    from llguidance import LLMatcher

    from .view import Assistant

    Draw = Callable[[torch.Tensor], int]

HELD_TOKENS = 640
"""A draft with twelve long identifiers and its call take some 600, and neither can ramble."""
_LETTERS = r"([^<\[]|<[ =0-9]|\[[^Tt\[<]|\[[Tt][^Oo\[<])*"
"""No words may begin what is read as a call in another form."""
_THOUGHT = rf"/<think>{_LETTERS}<\/think>/"
_TEXT = rf"TEXT: /\n?[^\s\x00-\x1f<\[{{`]{_LETTERS}/"
_QUESTION = [
    r"PLAIN: /\n?[^\s\x00-\x1f<\[{`:]([^<\[:]|<[ =0-9]|\[[^Tt\[<:])*/",
    r"LEAD: /\n?[^\s\x00-\x1f<\[{`:][^<\[:]*: /",
    "OR: /,? or /",
]
"""A question in words of its own, or one that leads up to a list."""
_SPACING = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": ", "lenient": True}
"""As calls are written in training data."""


def decoding_as(decoding: Decoding, assistant: Assistant) -> Assistant:
    """The assistant, which writes its turns so from now on; ModelError if they cannot be constrained."""
    return assistant if decoding == "free" else with_constrained_decoding(assistant, grounded=decoding == "grounded")


def with_constrained_decoding(assistant: Assistant, *, grounded: bool = False) -> Assistant:
    """The assistant, whose turns are constrained from now on, and grounded too if so; ModelError if they cannot be."""
    from .chat_models import ModelAssistant
    from .local_model import LocalModel

    if not isinstance(assistant, ModelAssistant) or not isinstance(model := assistant.model, LocalModel):
        raise ModelError(f"Decoding can be constrained for models on this machine; '{assistant.spec}' is none.")
    check_can_be_constrained(model.tokenizer, model.rendering.name, assistant.spec)
    assistant.constraint = Constraint(model.tokenizer, int(model.model.config.get_text_config().vocab_size))
    assistant.is_grounded = grounded
    assistant.max_tokens = max(assistant.max_tokens, HELD_TOKENS)
    return assistant


def check_can_be_constrained(tokenizer: Any, rendering: str, spec: str) -> None:
    """ModelError where a model with this tokenizer that writes turns in this form cannot be constrained."""
    if rendering != RENDERING or len(encode_control(tokenizer, END)) != 1:
        raise ModelError(
            f"'{spec}' writes turns in the form '{rendering}'. Decoding can be constrained in the built-in form "
            f"'{RENDERING}' only, for models whose tokenizer knows {END}. Take free decoding."
        )


class Constraint:
    """What a tokenizer's model may write, for one choice of tools after another."""

    def __init__(self, tokenizer: Any, scores: int) -> None:
        """`scores` is how many the model gives for each place, which may be more than its tokenizer has tokens.

        ModelError for a tokenizer that cannot be looked into.
        """
        from llguidance.hf import from_tokenizer

        (end,) = encode_control(tokenizer, END)
        self._tokenizer = tokenizer
        try:
            self._tokens = from_tokenizer(tokenizer, n_vocab=scores, eos_token=end)
        except ValueError as problem:
            raise ModelError(f"Decoding cannot be constrained with the tokenizer of this model: {problem}") from problem

    def held_to(self, tools: Sequence[Tool], answers: Mapping[str, str] | None = None) -> Callable[[Draw | None], Draw]:
        """What makes of a way to draw tokens, or to take the best ones, the same among those that may come next.

        It serves for one turn, which asks between tools where their `answers` are given, as `asking_rules` takes them.
        ModelError that names the tools whose schemas cannot be held to.
        """
        import numpy as np
        import torch
        from llguidance import LLMatcher

        asking = "\n".join(["start: noted TEXT", _TEXT, *asking_rules(answers), ""]) if answers else ""
        matcher = LLMatcher(self._tokens, asking or grammar_of(tools))
        if problem := matcher.get_error():
            alone = {tool.name: LLMatcher(self._tokens, grammar_of([tool])).get_error() for tool in tools}
            named = "; ".join(f"{name}: {found.splitlines()[0]}" for name, found in alone.items() if found)
            raise ModelError(f"Decoding cannot be constrained to these tools: {named or problem.splitlines()[0]}")

        def hold(draw: Draw | None) -> Draw:
            written: list[int] = []

            def one(scores: torch.Tensor) -> int:
                nonlocal matcher
                bits = np.frombuffer(matcher.compute_bitmask(), np.uint8)
                allowed = torch.from_numpy(np.unpackbits(bits, bitorder="little")[: scores.shape[-1]].astype(bool))
                held = scores.masked_fill(~allowed.to(scores.device), -torch.inf)
                token = int(held.argmax()) if draw is None else draw(held)
                matcher.consume_token(token)
                written.append(token)
                matcher = self._after_note(written) or matcher
                return token

            return one

        return hold

    def _after_note(self, written: Sequence[int]) -> LLMatcher | None:
        """What may follow if the last token has ended a note that says more of it than its form; None else.

        After a whole draft of a call that very call, or words; after several answers a question that lists them all, or
        one without a colon.
        """
        from llguidance import LLMatcher

        if ">" not in self._tokenizer.decode(written[-1:]):
            return None
        before, text = (
            self._tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
            for ids in (written[:-1], written)
        )
        thought, ended, _ = text.partition(THOUGHT_END)
        rules = _rules_after(thought.removeprefix(THOUGHT_START)) if ended and THOUGHT_END not in before else []
        if not rules:
            return None
        following = LLMatcher(self._tokens, "\n".join([f"start: {_quoted(thought + ended)} after", *rules, ""]))
        return following if following.try_consume_tokens(list(written)) == len(written) else None


def _rules_after(thought: str) -> list[str]:
    """Rules of llguidance's grammar for `after`, what follows a note; none where its form says enough."""
    call, answers = drafted(thought), list(dict.fromkeys(noted_answers(thought).values()))
    if call:
        same = render_target(Turn(speaker="assistant", call=call))
        return [f"after: TEXT | NEXT? {_quoted(same)}", r"NEXT: /\n/", _TEXT]
    if len(answers) < 2:
        return []
    *others, last = map(_quoted, answers)
    listed = ' ", " '.join(others)
    return [f'after: PLAIN | LEAD {listed} OR {last} "?"', *_QUESTION]


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


@by_identity(512)
def grammar_of(tools: Sequence[Tool]) -> str:
    """What a turn may be while these tools are in view, in the grammar that llguidance reads.

    A thought, then words, a call, or both; without tools only words. After a note that drafts a call, a call of that
    tool where the draft has no gap, or words; after one on what is open, words.
    """
    if not tools:
        return f"start: THOUGHT? TEXT\nTHOUGHT: {_THOUGHT}\n{_TEXT}\n"
    places, schemas = range(len(tools)), [call_schema(tool) for tool in tools]
    calls = [f"call{place}" for place in places if can_be_met(schemas[place])]
    lines = [
        f"start: THOUGHT? {'(call | TEXT call?)' if calls else 'TEXT'} | noted TEXT"
        + "".join(f" | after{place}" for place in places),
        f"THOUGHT: {_THOUGHT} & ~{ANY_NOTE}",
        _TEXT,
        *([f"call: {' | '.join(calls)}"] if calls else []),
        *open_rules(tools),
    ]
    for place, tool in enumerate(tools):
        rules = draft_rules(tool, place, _SPACING)
        whole = f"call{place}" in calls and any(rule.startswith(f"whole{place}:") for rule in rules)
        lines += [f"after{place}: draft{place} TEXT{f' | whole{place} call{place}' if whole else ''}", *rules]
        if f"call{place}" in calls:
            schema = json.dumps({"x-guidance": _SPACING, **schemas[place]})
            lines += [f'call{place}: /\\n?<tool_call>/ tool{place} "</tool_call>"', f"tool{place}: %json {schema}"]
    return "\n".join([*lines, ""])
