"""A transformers model on this machine: loaded safely, asked by many conversations at once, streamed."""

from __future__ import annotations

import copy
import os
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .chat_models import REPLY_TOKENS, Completion
from .mishaps import enough_memory, readable
from .packed_weights import pack_weights
from .prompts import Message, encode_control
from .renderings import prompt_ids, rendering_of
from .room import BITE, IN_FLIGHT, TYPICAL, kind_of, reader_for, room_for
from .seals import check_seal, is_sealed
from .turn_writer import Asked, TurnWriter, drawing

if TYPE_CHECKING:
    import torch

    from ..records.tool import Tool
    from .constrained import Draw

REPEATED_TOKENS, LONGEST_PERIOD = 48, 48
"""Small models fall into loops; this many tokens of a loop, and at least three rounds, end the turn."""


def quiet_transformers() -> None:
    """Makes transformers neither reach for the network nor draw progress bars; call before loading anything."""
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from transformers.utils import logging

    logging.set_verbosity_error()
    logging.disable_progress_bar()


def best_device() -> str:
    """The device that torch can use: `cuda`, `mps` or `cpu`."""
    import torch

    if torch.cuda.is_available():
        return "cuda"
    return "mps" if torch.backends.mps.is_available() else "cpu"


def half_precision(device: str) -> bool:
    """Whether to hold weights as bfloat16: on CUDA devices that have it. CPUs stay exact, in float32."""
    import torch

    return device == "cuda" and torch.cuda.is_bf16_supported()


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer in the folder; ModelError if there is none."""
    quiet_transformers()
    from transformers import AutoTokenizer

    with readable(f"The tokenizer in {folder} cannot be loaded"):
        return AutoTokenizer.from_pretrained(folder, local_files_only=True, trust_remote_code=False)


def load_weights(
    folder: Path,
    device: str,
    dtype: torch.dtype,
    adapter: Path | None = None,
    train: bool = False,
    place: str | None = None,
) -> Any:
    """The causal language model in the folder with its adapter, for the device.

    `place` is where its weights are put, by default on that device. ModelError if it cannot be loaded, does not fit, or
    is not as it was sealed when it was saved.
    """
    quiet_transformers()
    from transformers import AutoModelForCausalLM

    for part in filter(None, (folder, adapter)):
        if is_sealed(part):
            check_seal(part, weights_only=True)
    where = f"{folder} with the adapter {adapter}" if adapter else str(folder)
    no_room = f"The {device} has not enough memory for the model in {where}. Free some, or take a smaller model."
    with readable(f"The model in {where} cannot be loaded"), enough_memory(lambda: no_room):
        model: Any = AutoModelForCausalLM.from_pretrained(
            folder,
            dtype=dtype,
            attn_implementation="sdpa",
            local_files_only=True,
            trust_remote_code=False,
            use_safetensors=True,
        )
        if train and device.startswith("cuda") and getattr(model, "_supports_flex_attn", False):
            # It skips what the mask of packed rows hides; without a GPU it has no backward pass.
            model.set_attn_implementation("flex_attention")
        if adapter is not None:
            from peft import PeftModel

            model = PeftModel.from_pretrained(model, str(adapter), is_trainable=train, local_files_only=True)
        return model.to(place or device)


class LocalModel:
    """A local model behind the `ChatModel` protocol: greedy unless a temperature is set.

    Threads that ask it at the same time have their turns written side by side, each as it would be alone. Of every
    conversation it keeps what it has read, as far as there is room, so that the next turn reads only what is new.
    """

    def __init__(
        self,
        folder: Path,
        adapter: Path | None = None,
        device: str | None = None,
        *,
        temperature: float = 0.0,
        top_p: float = 1.0,
        rendering: str = "",
    ) -> None:
        """`rendering` is the one that the model was tuned on, as `rendering_of` takes it."""
        import torch

        self.device = device or best_device()
        self.temperature = temperature
        self.top_p = top_p
        self.tokenizer = load_tokenizer(folder)
        self.rendering = rendering_of(self.tokenizer, rendering)
        dtype = torch.bfloat16 if half_precision(self.device) else torch.float32
        self.model = load_weights(folder, self.device, dtype, adapter).eval()
        self.context = int(getattr(self.model.config, "max_position_embeddings", 0) or 1 << 20)
        pack_weights(self.model)
        self._end_is_text = len(encode_control(self.tokenizer, self.rendering.end)) > 1
        kind = kind_of(self.device)
        room = min(room_for(self.model, self.device), IN_FLIGHT[kind] * TYPICAL)
        self.in_flight = max(1, room // TYPICAL)
        """Conversations that are best held at the same time."""
        self.writer = TurnWriter(reader_for(self.model, room), self._stop_ids(), BITE[kind])

    def at(self, temperature: float) -> LocalModel:
        """The same weights with another temperature; their turns are written beside those of this one."""
        other = copy.copy(self)
        other.temperature = temperature
        return other

    def hold(self, conversations: int) -> None:
        """Keep what was read of no more than these many conversations of typical length: less memory, fewer at once."""
        self.in_flight = min(self.in_flight, conversations)
        self.writer.limit(self.in_flight * TYPICAL)

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
        held: Callable[[Draw | None], Draw] | None = None,
    ) -> Completion:
        """What the model writes next, the end token not included; `tools` where its rendering is a native one.

        `held` constrains how tokens are drawn, as `Constraint.held_to` gives it. ModelError if the conversation is
        longer than the model's context, or too long for the memory there is.
        """
        started = time.perf_counter()
        asked = self._asked(prompt_ids(self.rendering, messages, tools), seed, max_tokens, held=held)
        ids = self.writer.finish(asked)
        return Completion(self._text(ids), tokens=len(ids), seconds=time.perf_counter() - started)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
        held: Callable[[Draw | None], Draw] | None = None,
    ) -> Iterator[str]:
        """The same text as `complete`, piece by piece as it is written."""
        asked = self._asked(prompt_ids(self.rendering, messages, tools), seed, max_tokens, streams=True, held=held)
        ids: list[int] = []
        shown = ""
        for token in self.writer.write(asked):
            ids.append(token)
            text = self._text(ids)
            # A character of several tokens shows as a replacement mark until it is whole.
            if not text.endswith("\ufffd") and len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        rest = self._text(ids)[len(shown) :]
        if rest:
            yield rest

    def generate_ids(self, prompt: list[int], seed: int, max_tokens: int) -> Iterator[int]:
        """The token ids that follow those of the prompt, up to and without a stop; errors as from `complete`."""
        return self.writer.write(self._asked(prompt, seed, max_tokens, streams=True))

    def _asked(
        self,
        prompt: list[int],
        seed: int,
        max_tokens: int,
        *,
        streams: bool = False,
        held: Callable[[Draw | None], Draw] | None = None,
    ) -> Asked:
        if len(prompt) >= self.context:
            raise ModelError(
                f"The conversation has {len(prompt)} tokens; the model reads at most {self.context}. "
                "Offer fewer candidates or use a model with a longer context."
            )
        draw = drawing(seed, self.temperature, self.top_p) if self.temperature > 0.0 else None
        draw = held(draw) if held is not None else draw
        return Asked(prompt, min(max_tokens, self.context - len(prompt)), self._ends, draw, streams)

    def _ends(self, written: list[int]) -> bool:
        """Whether the turn is over: by its end where that is several tokens, or because it goes round in circles."""
        end = self.rendering.end
        return _repeats(written) or (self._end_is_text and end in self.tokenizer.decode(written[-2 * len(end) :]))

    def _text(self, ids: list[int]) -> str:
        text = self.tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False)
        return text.split(self.rendering.end, 1)[0]

    def _stop_ids(self) -> frozenset[int]:
        """Tokens that end a turn: the model's own end of text, and its rendering's end where it is one token."""
        ends = {self.tokenizer.eos_token_id}
        end = encode_control(self.tokenizer, self.rendering.end)
        if len(end) == 1:
            ends.add(end[0])
        return frozenset(token for token in ends if token is not None)


def _repeats(written: list[int]) -> bool:
    """Whether the last tokens are one short passage over and over."""
    if len(written) % 16:
        return False
    for period in range(1, LONGEST_PERIOD + 1):
        span = max(REPEATED_TOKENS, 3 * period)
        if len(written) >= span and written[-span:-period] == written[-span + period :]:
            return True
    return False
