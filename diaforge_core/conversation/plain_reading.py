"""How a model reads conversations and keeps what it has read of each; here one after the other, which any model can."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import torch


@dataclass(slots=True, eq=False)
class Place:
    """Where what a model has read of one conversation is kept."""

    ids: list[int] = field(default_factory=list, kw_only=True)
    """The tokens read, from the first."""


class Reader(Protocol):
    """Reads new tokens of conversations; what it read before is kept at their places."""

    room: int
    """Tokens that are kept at most."""

    def place(self, length: int, like: Place | None = None, shared: int = 0) -> Place | None:
        """Room for a conversation of `length` tokens; None where there is none left, though always for the only one.

        The first `shared` tokens are taken over from `like` where that can be done.
        """
        ...

    def crop(self, place: Place, length: int) -> bool:
        """Forget all but the first `length` tokens; False, and nothing done, where that is not possible."""
        ...

    def free(self, place: Place) -> None:
        """Give the room back."""
        ...

    def read(self, batch: Sequence[tuple[Place, list[int]]]) -> torch.Tensor:
        """The scores after the last of each conversation's new tokens, [conversation, token of the vocabulary]."""
        ...


@dataclass(slots=True, eq=False, kw_only=True)
class PlainPlace(Place):
    """A conversation with a cache of its own, as transformers makes it for the model."""

    cache: Any = None


def keeps_all(cache: Any) -> bool:
    """Whether each layer of a cache keeps every token as it came, so that the last ones can be dropped."""
    from transformers.cache_utils import DynamicLayer

    return all(type(layer) is DynamicLayer for layer in cache.layers)


class PlainReader:
    """Reads one conversation after the other: for sliding windows, recurrent layers, attention of a special kind."""

    def __init__(self, model: Any, *, room: int) -> None:
        """`room` tokens are held at most."""
        self.room = room
        self._model = model
        self._places: list[PlainPlace] = []

    def place(self, length: int, like: Place | None = None, shared: int = 0) -> Place | None:
        """As `Reader.place`; nothing is taken over."""
        if self._places and length + sum(len(place.ids) for place in self._places) > self.room:
            return None
        self._places.append(PlainPlace())
        return self._places[-1]

    def crop(self, place: Place, length: int) -> bool:
        """As `Reader.crop`: not where a layer keeps a window or a state in place of all tokens."""
        surplus = len(place.ids) - length
        if surplus == 0:
            return True
        assert isinstance(place, PlainPlace)
        if not keeps_all(place.cache):
            return False
        place.cache.crop(-surplus)
        del place.ids[length:]
        return True

    def free(self, place: Place) -> None:
        """Give the room back."""
        self._places = [one for one in self._places if one is not place]

    def read(self, batch: Sequence[tuple[Place, list[int]]]) -> torch.Tensor:
        """As `Reader.read`."""
        import torch

        return torch.cat([self._read(place, tokens) for place, tokens in batch if isinstance(place, PlainPlace)])

    def _read(self, place: PlainPlace, tokens: list[int]) -> torch.Tensor:
        import torch
        from transformers import DynamicCache

        # Until it is read whole, the place holds nothing: a pass that breaks off leaves layers at different lengths.
        before, place.ids = place.ids, []
        if place.cache is None or not before:
            place.cache, before = DynamicCache(config=self._model.config), []
        with torch.inference_mode():
            output = self._model(
                input_ids=torch.tensor([tokens], device=self._model.device),
                past_key_values=place.cache,
                use_cache=True,
                logits_to_keep=1,
            )
        place.ids = before + tokens
        return output.logits[:, -1].float()
