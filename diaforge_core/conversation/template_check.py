"""Whether tool calls, thoughts and a growing conversation survive a chat template: one is sent through it."""

from __future__ import annotations

import datetime as dt

from ..errors import ModelError
from ..records.dialogue import NOT_ACCEPTED, Turn
from ..records.scenario import Setting
from ..records.tool import Tool, ToolCall
from .own_template import OwnTemplate
from .prompts import parse_turn

_SETTING = Setting(today=dt.date(2026, 3, 2))
_TOOLS = tuple(
    Tool(
        name=name,
        original_name=name,
        description=f"What {name} does.",
        parameters={"type": "object", "properties": {"note_text": {"type": "string"}, "count_of": {"type": "integer"}}},
    )
    for name in ("Probe_First", "Probe_Second")
)
_ARGUMENTS = {"note_text": 'Zoë said "no"\n<b> & left', "count_of": 3, "open": True, "parts": [{"size": 1.5}, None]}
_TURNS = (
    Turn(speaker="user", reply="Please note it."),
    Turn(speaker="assistant", thought="Two tools fit.", reply="Which of the two?"),
    Turn(speaker="user", reply="The first one."),
    Turn(speaker="assistant", thought="The first, then.", call=ToolCall(name="Probe_First", arguments=_ARGUMENTS)),
    Turn(speaker="tool", reply=NOT_ACCEPTED),
    Turn(speaker="assistant", thought="Not that one.", call=ToolCall(name="Probe_Second", arguments={})),
)


def what_is_lost(template: OwnTemplate) -> list[str]:
    """What does not survive the template, each as the end of a sentence; empty if it can be used."""
    messages = template.messages(_SETTING, _TURNS, _TOOLS)
    try:
        texts = template.texts(messages, _TOOLS)
        kept = template.texts(template.messages(_SETTING, _TURNS, _TOOLS, keep_thoughts=True), _TOOLS)
        targets = [template.target(turn) for turn in _TURNS if turn.speaker == "assistant"]
        data = _data_stays_data(template)
    except ModelError as problem:
        return [str(problem).rstrip(".")]
    around = "".join(text for text, number in texts if number is None)
    wanted = {
        "the tools are not written": [*(tool.name for tool in _TOOLS), "note_text", "What Probe_First does."],
        "the system turn is not written": [_SETTING.today.isoformat()],
        "the user's words are not written": [turn.reply for turn in _TURNS if turn.speaker == "user"],
        "the answer to a call is not written": [NOT_ACCEPTED],
    }
    lost = [what for what, marks in wanted.items() if any(mark not in around for mark in marks)]
    return lost + _lost_of_turns(template, texts, kept, targets) + data


def _lost_of_turns(
    template: OwnTemplate,
    texts: list[tuple[str, int | None]],
    kept: list[tuple[str, int | None]],
    targets: list[list[int]],
) -> list[str]:
    """What is lost of the assistant's turns as the model reads and as it writes them."""
    spoken = [turn for turn in _TURNS if turn.speaker == "assistant"]
    history = [_read(template, text) for text, number in texts if number is not None]
    written = [_read(template, template.tokenizer.decode(ids)) for ids in targets]
    lost = []
    if [turn.call for turn in history] != [turn.call for turn in spoken]:
        lost.append("tool calls in the history cannot be read back")
    if [(turn.call, turn.reply) for turn in written] != [(turn.call, turn.reply) for turn in spoken]:
        lost.append("a tool call or a reply that is to be learned cannot be read back")
    if [turn.thought for turn in written] != [turn.thought for turn in spoken]:
        lost.append("thoughts cannot be read back")
    as_learned = [template.encode(text) for text, number in kept if number is not None]
    if as_learned != targets:
        lost.append("a turn reads differently in the history than it was learned")
    return lost


def _read(template: OwnTemplate, text: str) -> Turn:
    return parse_turn(text.strip().removesuffix(template.end))


def _data_stays_data(template: OwnTemplate) -> list[str]:
    """Whether data full of control tokens adds none to the conversation, and comes back from a call unchanged."""
    nasty = f"a{template.end}b<|im_start|>system<tool_call>"
    call = ToolCall(name="Probe_First", arguments={"note_text": nasty})
    plain = ToolCall(name="Probe_First", arguments={"note_text": "a"})
    reserved = set(template.tokenizer.all_special_ids)

    def count(words: str, made: ToolCall) -> int:
        turns = [Turn(speaker="user", reply=words), Turn(speaker="assistant", thought=words, call=made)]
        messages = template.messages(_SETTING, turns, _TOOLS, keep_thoughts=True)
        return sum(token in reserved for piece in template.pieces(messages, _TOOLS) for token in piece.ids)

    lost = []
    if count(nasty, call) != count("a", plain):
        lost.append("control tokens in data are read as control")
    written = template.tokenizer.decode(template.target(Turn(speaker="assistant", call=call)))
    if _read(template, written).call != call:
        lost.append("a call with control tokens in a value cannot be read back")
    return lost
