"""Datasets in the forms that training tools read."""

from __future__ import annotations

import contextlib
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..catalog.arguments import required_for
from ..conversation.assistants import View
from ..conversation.prompts import native_messages, render_target
from ..conversation.reading import assemble, read
from ..errors import DataError
from ..generator.identity import as_markdown
from ..records.base import derived_seed
from ..records.dialogue import Dialogue, Turn
from ..records.tool import Tool, ToolCall

if TYPE_CHECKING:
    from .workspace import Workspace

Format = Literal["trl", "openai", "sharegpt", "dpo", "dialogues"]
FORMATS: tuple[Format, ...] = ("trl", "openai", "sharegpt", "dpo", "dialogues")
"""dialogues: our own records, which `load` takes back."""


MOST_MEASURED = 20_000
"""Kept dialogues up to which an export waits for their variety: the time grows with the square."""


class Exports:
    """Writing datasets out."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    def export(self, dataset: str, format: Format, out: str | Path) -> int:
        """How many rows were written to the file `out`, one JSON object a line, of the dataset's kept dialogues.

        The file appears whole or not at all. DataError for an unknown form, or a file that cannot be written.
        """
        lines = self.lines(dataset, format)
        target = Path(out).expanduser()
        partial = target.with_name(f".{target.name}.{os.getpid()}")
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with partial.open("w", encoding="utf-8", newline="\n") as file:
                file.writelines(lines)
            partial.replace(target)
        except OSError as problem:
            with contextlib.suppress(OSError):
                partial.unlink()
            raise DataError(
                f"{target} cannot be written: {problem.strerror}. Give another file with --out."
            ) from problem
        return len(lines)

    def warnings(self, dataset: str) -> list[str]:
        """One sentence for each floor of variety that the kept dialogues break, and one for their duplicates.

        Above `MOST_MEASURED` dialogues, one that says that they were not measured.
        """
        if self._workspace.datasets.info(dataset).kept > MOST_MEASURED:
            return [f"Variety was not measured: the dataset holds more than {MOST_MEASURED:,} kept dialogues."]
        report = self._workspace.variety.report(dataset)
        said = [
            f"{floor.name.capitalize()}: {floor.value:.1%}, {'under' if floor.at_least else 'over'} {floor.limit:.1%}."
            for floor in report.below
        ]
        again = sum(len(cluster) - 1 for cluster in report.diversity.near_duplicates)
        if again:
            said.append(f"{again} of {report.diversity.dialogues} dialogues say the same as another one.")
        return said

    def card(self, dataset: str) -> str:
        """The card that goes with an export, in Markdown: what made the dataset, and where it is too little varied."""
        warnings = self.warnings(dataset)
        lines = ["## Warnings", "", *(f"- {warning}" for warning in warnings), ""] if warnings else []
        return as_markdown(self._workspace.profiles.identity(dataset)) + "\n".join(["", *lines] if lines else [])

    def lines(self, dataset: str, format: Format) -> list[str]:
        """The file's lines, each with its line end."""
        return [json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows(dataset, format)]

    def rows(self, dataset: str, format: Format) -> list[dict[str, Any]]:
        """The same rows without a file."""
        if format not in FORMATS:
            raise DataError(f"'{format}' is no form of export. Use one of: {', '.join(FORMATS)}.")
        dialogues = self._workspace.datasets.load(dataset)
        if not dialogues:
            raise DataError(f"Dataset '{dataset}' has no kept dialogue to export. Accept some in Review.")
        rows: list[dict[str, Any]] = []
        for dialogue in dialogues:
            tools = self._workspace.review.tools(dialogue)
            rows += _WRITERS[format](dialogue, tools)
        return rows


def trl_rows(dialogue: Dialogue, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Hugging Face / TRL: messages with the arguments as an object, and the tools; thoughts stand in the content."""
    return [{"messages": _messages(dialogue, tools, thoughts=True), "tools": _tools(tools)}]


def openai_rows(dialogue: Dialogue, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """OpenAI fine-tuning: messages with the arguments as a JSON string, and the tools; it has no place for thoughts."""
    messages = _messages(dialogue, tools, thoughts=False)
    for message in messages:
        for call in message.get("tool_calls", ()):
            call["function"]["arguments"] = json.dumps(call["function"]["arguments"], ensure_ascii=False)
            if not message["content"]:
                message.pop("content", None)
    return [{"messages": messages, "tools": _tools(tools), "parallel_tool_calls": False}]


def sharegpt_rows(dialogue: Dialogue, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """ShareGPT as LLaMA-Factory reads it: human/gpt/function_call turns, system and tools beside them."""
    turns = []
    for turn in dialogue.turns:
        if turn.speaker != "assistant":
            turns.append({"from": "human" if turn.speaker == "user" else "observation", "value": turn.reply})
        elif turn.call:
            value = {"name": turn.call.name, "arguments": turn.call.arguments}
            turns.append({"from": "function_call", "value": json.dumps(value, ensure_ascii=False)})
        else:
            turns.append({"from": "gpt", "value": render_target(turn)})
    tools_text = json.dumps([tool["function"] for tool in _tools(tools)], ensure_ascii=False)
    return [{"conversations": turns, "system": _system(dialogue, tools)["content"], "tools": tools_text}]


def dpo_rows(dialogue: Dialogue, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Preference pairs, one an assistant turn: what was rightly done against a likely mistake (METHOD.md §6).

    `fault` says which: called_too_early, wrong_call (where none fits), wrong_twin, asks_again or refuses.
    """
    rows = []
    messages = _messages(dialogue, tools, thoughts=False)
    for index, turn in enumerate(dialogue.turns):
        if turn.speaker != "assistant":
            continue
        rng = random.Random(derived_seed("dpo", dialogue.id, index))
        fault, wrong = _mistake(dialogue, tools, index, rng)
        rows.append(
            {
                "prompt": messages[: index + 1],
                "chosen": [messages[index + 1]],
                "rejected": [_message(wrong, thoughts=False)],
                "tools": _tools(tools),
                "fault": fault,
                "dialogue": dialogue.id,
                "turn": index,
            }
        )
    return rows


def dialogue_rows(dialogue: Dialogue, tools: Sequence[Tool]) -> list[dict[str, Any]]:
    """Our own record."""
    return [dialogue.model_dump(mode="json")]


_WRITERS = {
    "trl": trl_rows,
    "openai": openai_rows,
    "sharegpt": sharegpt_rows,
    "dpo": dpo_rows,
    "dialogues": dialogue_rows,
}


def _mistake(dialogue: Dialogue, tools: Sequence[Tool], index: int, rng: random.Random) -> tuple[str, Turn]:
    """A likely wrong act in the place of an assistant turn, made from the words so far alone."""
    turn, before = dialogue.turns[index], dialogue.turns[:index]
    reading = read(tools, before)
    by_name = {tool.name: tool for tool in tools}
    if turn.call is None:
        # After a refusal as after a question the eager mistake is to call with what is known.
        fault = "called_too_early" if dialogue.scenario.solvable or index < len(dialogue.turns) - 1 else "wrong_call"
        open_tools = [name for name in reading.open_tools if name in by_name] or list(by_name)
        name = rng.choice(sorted(open_tools))
        return fault, _call(by_name[name], assemble(by_name[name], reading.values))
    twins = [tool for tool in tools if tool.name != turn.call.name]
    choices = ["wrong_twin", "asks_again", "refuses"] if twins else ["asks_again", "refuses"]
    fault = rng.choice(choices)
    if fault == "wrong_twin":
        twin = rng.choice(twins)
        return fault, _call(twin, {k: v for k, v in turn.call.arguments.items() if k in twin.properties})
    if fault == "asks_again":
        asked = [item for item in before if item.speaker == "assistant" and item.reply]
        tool = by_name[turn.call.name]
        names = list(required_for(tool, turn.call.arguments)) or list(turn.call.arguments) or ["request"]
        again = asked[-1].reply if asked else f"Could you give me the {names[0].replace('_', ' ')} first?"
        return fault, Turn(speaker="assistant", reply=again)
    return fault, Turn(speaker="assistant", reply="I am sorry, none of the available tools fits this request.")


def _call(tool: Tool, arguments: dict[str, Any]) -> Turn:
    return Turn(speaker="assistant", call=ToolCall(name=tool.name, arguments=arguments))


def _messages(dialogue: Dialogue, tools: Sequence[Tool], *, thoughts: bool) -> list[dict[str, Any]]:
    return [_system(dialogue, tools), *(_message(turn, thoughts=thoughts) for turn in dialogue.turns)]


def _system(dialogue: Dialogue, tools: Sequence[Tool]) -> dict[str, Any]:
    """The system turn that servers with tool calling of their own get: the tools stand beside it."""
    return native_messages(View(tools=tuple(tools), setting=dialogue.scenario.setting, turns=()))[0]


def _message(turn: Turn, *, thoughts: bool) -> dict[str, Any]:
    if turn.speaker != "assistant":
        return {"role": turn.speaker, "content": turn.reply}
    thought = f"<think>{turn.thought}</think>\n" if thoughts and turn.thought else ""
    if turn.call is None:
        return {"role": "assistant", "content": thought + turn.reply}
    function = {"name": turn.call.name, "arguments": turn.call.arguments}
    call = {"id": "call_0", "type": "function", "function": function}
    return {"role": "assistant", "content": thought.strip(), "tool_calls": [call]}


def _tools(tools: Sequence[Tool]) -> list[dict[str, Any]]:
    return [
        {
            "type": "function",
            "function": {"name": tool.name, "description": tool.text, "parameters": tool.parameters},
        }
        for tool in tools
    ]
