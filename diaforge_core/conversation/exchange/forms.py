"""One writer for each form that training tools read; what a form has no place for stands in its `diaforge` field.

`datasets` guesses a JSONL file's types from its first 10 MB, and one tool schema of another shape behind them makes the
whole file unreadable. So tools are JSON text in every form: TRL's trainers decode it, LLaMA-Factory asks for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ...records.dialogue import Dialogue, Turn
from ...records.scenario import Persona
from ...records.tool import Catalog, Tool
from ..prompts import Message, sanitise
from .carried import carry
from .messages import arguments, arguments_as_object, clean, json_text, messages_of, system_message
from .preferences import likely_mistake

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Form:
    """One form of file."""

    write: Callable[[Dialogue, Catalog], list[Row]]
    """A dialogue's rows, its tools taken from the catalog; RowProblem for what the form cannot hold."""
    shows_tools: bool = True
    """Whether the writer looks into the catalog."""
    suffix: str = "jsonl"
    in_json: tuple[str, ...] = ()
    """Of Parquet: the columns whose items are JSON values of any shape; all others are text."""


def trl_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """Hugging Face TRL: messages with the arguments as an object and thoughts as `<think>`, tools as JSON text.

    As JSONL, `datasets` reads numbers to ten decimals; as Parquet, where each message is a JSON value, it reads them as
    they are, and nothing about the types is guessed.
    """
    messages = [system_message(dialogue), *messages_of(dialogue.turns, thoughts=True)]
    return [carry({"messages": messages, "tools": json_text(_tools(_shown(dialogue, catalog)))}, dialogue)]


def openai_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """OpenAI fine-tuning: messages with the arguments as JSON text, and tools; it has no place for thoughts."""
    messages = [system_message(dialogue), *messages_of(dialogue.turns, thoughts=False, arguments_as_text=True)]
    written = [_without_empty_content(message) for message in messages]
    tools = _tools(_shown(dialogue, catalog))
    return [carry({"messages": written, "tools": tools, "parallel_tool_calls": False}, dialogue)]


def sharegpt_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """ShareGPT as LLaMA-Factory reads it: human, gpt and function_call turns; system and tools beside them.

    A thought stands before a reply in the words that LLaMA-Factory takes for thoughts. A call has no place for one.
    """
    tools = json_text([tool["function"] for tool in _tools(_shown(dialogue, catalog))])
    row = {"conversations": [_sharegpt_turn(turn) for turn in dialogue.turns]}
    return [carry(row | {"system": system_message(dialogue)["content"], "tools": tools}, dialogue)]


def corpus_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """The fields of the paper's public corpus: the goal tool as `seed`, and its two lists of tools kept apart.

    Each tool is JSON text; messages are `{role, content, thought?, tool_calls?}` with the arguments as an object.
    """
    scenario = dialogue.scenario
    goal, distractors = (_tools(_known(catalog, names)) for names in ((scenario.goal_tool,), scenario.distractors))
    row = {
        "seed": json_text(goal[0]) if goal else scenario.goal_tool,
        "user_persona": persona_text(scenario.persona),
        "messages": [_corpus_message(*each) for each in zip(dialogue.turns, _plain_messages(dialogue), strict=True)],
        "distractor_tools": [json_text(tool) for tool in distractors],
        "retrieved_tools": [json_text(tool) for tool in _tools(_shown(dialogue, catalog))],
    }
    return [carry(row, dialogue)]


def dpo_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """Preference pairs, one an assistant turn: what was rightly done against a likely mistake (METHOD.md §6).

    `fault` says which: called_too_early, wrong_call (where none fits), wrong_twin, asks_again or refuses.
    """
    tools = _shown(dialogue, catalog)
    messages = [system_message(dialogue), *_plain_messages(dialogue)]
    rows = []
    for index, turn in enumerate(dialogue.turns):
        if turn.speaker == "assistant":
            fault, wrong = likely_mistake(dialogue, tools, index)
            row = {
                "prompt": messages[: index + 1],
                "chosen": [messages[index + 1]],
                "rejected": messages_of([wrong], thoughts=False),
                "tools": json_text(_tools(tools)),
                "fault": fault,
                "dialogue": dialogue.id,
                "turn": index,
            }
            rows.append(carry(row, dialogue))
    return rows


def dialogue_rows(dialogue: Dialogue, catalog: Catalog) -> list[Row]:
    """Our own record, to the letter."""
    return [dialogue.model_dump(mode="json")]


FORMS: dict[str, Form] = {
    "trl": Form(trl_rows),
    "trl-parquet": Form(trl_rows, suffix="parquet", in_json=("messages",)),
    "openai": Form(openai_rows),
    "sharegpt": Form(sharegpt_rows),
    "dpo": Form(dpo_rows),
    "corpus": Form(corpus_rows),
    "dialogues": Form(dialogue_rows, shows_tools=False),
}
"""Every form that dialogues go out in and come back from."""


def persona_text(persona: Persona) -> str:
    """The persona in one line: `Ana Ruiz, senior account executive, Sales; writes plain`."""
    role = f"{persona.seniority} {persona.role}".strip()
    who = ", ".join(part for part in (persona.name, role, persona.department) if part)
    return sanitise(f"{who}; writes {persona.style}")


def _sharegpt_turn(turn: Turn) -> dict[str, str]:
    if turn.speaker != "assistant":
        return {"from": "human" if turn.speaker == "user" else "observation", "value": sanitise(turn.reply)}
    if turn.call:
        call = {"name": sanitise(turn.call.name), "arguments": arguments(turn.call)}
        return {"from": "function_call", "value": json_text(call)}
    thought = f"<think>\n{sanitise(turn.thought)}\n</think>\n\n" if turn.thought else ""
    return {"from": "gpt", "value": thought + sanitise(turn.reply)}


def _corpus_message(turn: Turn, message: Message) -> Message:
    written = {"role": message["role"], "content": message["content"]}
    if turn.thought:
        written["thought"] = sanitise(turn.thought)
    if turn.call:
        written["tool_calls"] = [{"name": sanitise(turn.call.name), "arguments": arguments_as_object(turn.call)}]
    return written


def _plain_messages(dialogue: Dialogue) -> list[Message]:
    return messages_of(dialogue.turns, thoughts=False)


def _without_empty_content(message: Message) -> Message:
    """OpenAI takes a call without content, and no content that is empty."""
    return message if message["content"] else {key: value for key, value in message.items() if key != "content"}


def _shown(dialogue: Dialogue, catalog: Catalog) -> tuple[Tool, ...]:
    return catalog.subset(dialogue.scenario.candidates)


def _known(catalog: Catalog, names: Sequence[str]) -> tuple[Tool, ...]:
    return catalog.subset([name for name in names if name in catalog])


def _tools(tools: Sequence[Tool]) -> list[Row]:
    return [
        clean({
            "type": "function",
            "function": {"name": tool.name, "description": tool.text, "parameters": tool.parameters},
        })
        for tool in tools
    ]  # fmt: skip
