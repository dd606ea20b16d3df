"""A transformers model on this machine: loaded safely, spoken to with a key-value cache, streamed."""

from __future__ import annotations

import copy
import os
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import ModelError
from .chat_models import REPLY_TOKENS, Completion
from .mishaps import enough_memory, readable
from .prompts import Message, encode_control
from .renderings import prompt_ids, rendering_of
from .seals import check_seal, is_sealed

if TYPE_CHECKING:
    import torch

    from ..records.tool import Tool

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

    It remembers the key-value cache of the last prompt: the next turn of the same conversation reads only what is new.
    Threads that ask it to complete wait for each other.
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
        self._stops = self._stop_ids()
        self._cached: list[int] = []
        self._cache: Any = None
        self._one_at_a_time = threading.Lock()

    def at(self, temperature: float) -> LocalModel:
        """The same weights with another temperature, and a cache of its own for the conversation it is in."""
        other = copy.copy(self)
        other.temperature = temperature
        other._cached, other._cache = [], None
        return other

    def complete(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> Completion:
        """What the model writes next, the end token not included; `tools` where its rendering is a native one.

        ModelError if the conversation is longer than the model's context.
        """
        with self._one_at_a_time:
            started = time.perf_counter()
            ids = list(self.generate_ids(prompt_ids(self.rendering, messages, tools), seed, max_tokens))
            return Completion(self._text(ids), tokens=len(ids), seconds=time.perf_counter() - started)

    def stream(
        self,
        messages: Sequence[Message],
        *,
        tools: Sequence[Tool] = (),
        seed: int = 0,
        max_tokens: int = REPLY_TOKENS,
    ) -> Iterator[str]:
        """The same text as `complete`, piece by piece as it is written."""
        ids: list[int] = []
        shown = ""
        for token in self.generate_ids(prompt_ids(self.rendering, messages, tools), seed, max_tokens):
            ids.append(token)
            text = self._text(ids)
            # A character of several tokens shows as a replacement mark until it is whole.
            if not text.endswith("\ufffd") and len(text) > len(shown):
                yield text[len(shown) :]
                shown = text
        rest = self._text(ids)[len(shown) :]
        if rest:
            yield rest

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

    def generate_ids(self, prompt: list[int], seed: int, max_tokens: int) -> Iterator[int]:
        """The token ids that follow those of the prompt, up to and without a stop.

        ModelError if the conversation is longer than the context.
        """
        import torch

        if len(prompt) >= self.context:
            raise ModelError(
                f"The conversation has {len(prompt)} tokens; the model reads at most {self.context}. "
                "Offer fewer candidates or use a model with a longer context."
            )
        random = torch.Generator().manual_seed(seed % (1 << 63))
        end = self.rendering.end
        ends_in_text = len(encode_control(self.tokenizer, end)) > 1
        written: list[int] = []
        logits = self._read(prompt)
        for _ in range(min(max_tokens, self.context - len(prompt))):
            token = self._choose(logits, random)
            if token in self._stops:
                return
            yield token
            written.append(token)
            if _repeats(written):
                return
            if ends_in_text and end in self.tokenizer.decode(written[-2 * len(end) :]):
                return
            logits = self._step([token])

    def _read(self, prompt: list[int]) -> torch.Tensor:
        """The scores of the next token after the prompt; what the cache holds of it already is not read again."""
        from transformers import DynamicCache

        shared = 0
        # The last token is always read, for its scores.
        for old, new in zip(self._cached, prompt[:-1], strict=False):
            if old != new:
                break
            shared += 1
        if self._cache is None or not self._crop(shared):
            self._cache, self._cached, shared = DynamicCache(config=self.model.config), [], 0
        self._cached = self._cached[:shared]
        return self._step(prompt[shared:])

    def _crop(self, length: int) -> bool:
        """Cuts the cache to its first `length` tokens; False where layers do not keep all tokens."""
        if any(getattr(layer, "is_sliding", False) for layer in self._cache.layers):
            return False
        surplus = len(self._cached) - length
        if surplus:
            self._cache.crop(-surplus)
        return True

    def _step(self, tokens: list[int]) -> torch.Tensor:
        import torch

        with torch.inference_mode():
            output = self.model(
                input_ids=torch.tensor([tokens], device=self.device),
                past_key_values=self._cache,
                use_cache=True,
                logits_to_keep=1,
            )
        self._cached += tokens
        return output.logits[0, -1].float().cpu()

    def _choose(self, logits: torch.Tensor, random: torch.Generator) -> int:
        """The best token, or one drawn at the model's temperature from the likeliest `top_p` of the mass."""
        import torch

        if self.temperature <= 0.0:
            return int(logits.argmax())
        chances, order = torch.softmax(logits / self.temperature, dim=-1).sort(descending=True, stable=True)
        kept = (chances.cumsum(-1) - chances) < self.top_p
        return int(order[torch.multinomial(chances * kept, 1, generator=random)])


def _repeats(written: list[int]) -> bool:
    """Whether the last tokens are one short passage over and over."""
    if len(written) % 16:
        return False
    for period in range(1, LONGEST_PERIOD + 1):
        span = max(REPEATED_TOKENS, 3 * period)
        if len(written) >= span and written[-span:-period] == written[-span + period :]:
            return True
    return False
