"""What a model can do besides: how likely it finds replies to plain prompts, and calls when all is said at once.

Scored without a judge, on the project's own `data/retention.yaml`, before and after a model is tuned.
"""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field
from ruamel.yaml import YAML

from ..catalog.arguments import equal_arguments
from ..conversation.assistants import Assistant, View
from ..conversation.chat_models import in_flight_of
from ..conversation.in_flight import in_order
from ..conversation.local_model import best_device, half_precision, load_tokenizer, load_weights
from ..conversation.model_specs import ModelFolders, locate, open_assistant, parse_spec
from ..conversation.prompts import encode_control, encode_data, encode_message, header
from ..records.base import Record
from ..records.dialogue import Turn
from ..records.scenario import Setting
from ..records.tool import Tool, ToolCall
from ..settings import DATA_DIR
from .batches import make_row, row_loss
from .examples import Example

FILE = DATA_DIR / "retention.yaml"
DAY = dt.date(2026, 3, 2)
"""What the system turn states as today; no request depends on it."""


class Retained(Record):
    """What a model can do besides."""

    replies: int
    """Plain prompts with a reply."""
    tokens: int
    """Tokens of those replies."""
    loss: float
    """Mean over the tokens; its exponential is the perplexity."""
    calls: int
    """Requests that say all that a call needs."""
    called: int
    """Of those: the ones that a call was made for."""
    right: int = Field(ge=0)
    """Of those: the ones that just the right call was made for, at once."""

    @property
    def perplexity(self) -> float:
        """Among how many equally likely tokens the model hesitates; the lower the better."""
        return math.exp(self.loss)


def retained(spec: str, models_dir: Path) -> Retained:
    """What the model of this spec can do besides; ModelError if it cannot be had or has no weights here."""
    folders = locate(parse_spec(spec), models_dir)
    told = YAML(typ="safe", pure=True).load(FILE.read_text(encoding="utf-8"))
    tools = tuple(Tool.model_validate(tool) for tool in told["tools"])
    wanted = [(each["says"], ToolCall.model_validate(each["call"])) for each in told["calls"]]
    losses, tokens = _losses(folders, told["replies"])
    made = _calls(open_assistant(spec, models_dir), tools, [says for says, _ in wanted])
    return Retained(
        replies=len(told["replies"]),
        tokens=tokens,
        loss=losses / tokens,
        calls=len(wanted),
        called=sum(call is not None for call in made),
        right=sum(_is(call, gold, tools) for call, (_, gold) in zip(made, wanted, strict=True)),
    )


def _calls(assistant: Assistant, tools: tuple[Tool, ...], requests: Sequence[str]) -> list[ToolCall | None]:
    """What the model calls in its first turn after each request."""
    setting = Setting(today=DAY)

    def first(says: str) -> ToolCall | None:
        return assistant.act(View(tools, setting, (Turn(speaker="user", reply=says),)), 0).call

    return list(in_order(first, requests, in_flight_of(assistant)))


def _is(call: ToolCall | None, gold: ToolCall, tools: Sequence[Tool]) -> bool:
    tool = next(tool for tool in tools if tool.name == gold.name)
    return call is not None and call.name == gold.name and equal_arguments(tool, call.arguments, gold.arguments).equal


def _losses(folders: ModelFolders, replies: Sequence[dict[str, str]]) -> tuple[float, int]:
    """The loss of all replies, summed over their tokens, and the number of tokens."""
    import torch

    device, tokenizer = best_device(), load_tokenizer(folders.base)
    dtype = torch.bfloat16 if half_precision(device) else torch.float32
    model = load_weights(folders.base, device, dtype, folders.adapter).eval()
    total, tokens = 0.0, 0
    with torch.no_grad():
        for each in replies:
            prompt, reply = _prompt(tokenizer, each["prompt"]), encode_data(tokenizer, each["reply"])
            example = Example("", tuple(prompt + reply), (), ((len(prompt), len(prompt) + len(reply)),))
            row = {name: part.to(device) for name, part in make_row([example]).items()}
            total += float(row_loss(model, row))
            tokens += len(reply)
    return total, tokens


def _prompt(tokenizer: Any, says: str) -> list[int]:
    """The prompt in the model's own chat template, or in ours where it has none."""
    message = {"role": "user", "content": says}
    if tokenizer.chat_template:
        text = tokenizer.apply_chat_template([message], tokenize=False, add_generation_prompt=True)
        return encode_control(tokenizer, text)
    return encode_message(tokenizer, message) + encode_control(tokenizer, header("assistant"))
