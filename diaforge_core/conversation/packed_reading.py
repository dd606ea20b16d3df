"""Many conversations read by a model in one pass, each with the keys and values of its own history.

The new tokens of all conversations lie behind one another without padding, so that the weights are read once for all
of them; only attention is done conversation by conversation, over what each has. transformers' own continuous batching
masks one long row of everybody's history instead, which without a GPU kernel costs the square of their number.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from .plain_reading import Place, keeps_all

if TYPE_CHECKING:
    import torch

NAME = "diaforge_packed"
"""Under which transformers knows the attention below."""
STEP = 256
"""Tokens by which room grows."""
CHANGES_SCORES = ("sliding_window", "softcap", "s_aux", "position_bias")
"""What some models hand to attention and the attention below does not do."""
PROBE = 24
"""Tokens over which both ways of reading are compared before the packed one is trusted."""


class NotPackable(Exception):
    """The model asks more of attention than is done here."""


class Pen:
    """Room for a few conversations of similar length, side by side in one block of memory a layer."""

    def __init__(self, places: int, length: int) -> None:
        self.free = set(range(places))
        self.places, self.length = places, length
        self._layers: dict[int, tuple[torch.Tensor, torch.Tensor]] = {}

    @property
    def tokens(self) -> int:
        """Room, in tokens."""
        return self.places * self.length

    def layer(self, number: int, key: torch.Tensor, value: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Keys and values of a layer, [place, head, token, size]; shaped like those given."""
        if number not in self._layers:
            # Zeros and not whatever is there: a NaN that the mask hides would still spoil what it is summed with.
            made = (one.new_zeros(self.places, one.shape[1], self.length, one.shape[3]) for one in (key, value))
            self._layers[number] = (next(made), next(made))
        return self._layers[number]

    def reach(self, length: int) -> None:
        """Make room for conversations of this length."""
        if length <= self.length:
            return
        self.length = _rounded(length)
        for number, held in self._layers.items():
            self._layers[number] = (self._longer(held[0]), self._longer(held[1]))

    def _longer(self, held: torch.Tensor) -> torch.Tensor:
        made = held.new_zeros(held.shape[0], held.shape[1], self.length, held.shape[3])
        made[:, :, : held.shape[2]] = held
        return made

    def copy(self, place: int, source: PackedPlace, count: int) -> None:
        """Take over the first `count` tokens of another conversation."""
        for number, held in source.pen._layers.items():
            mine = self.layer(number, *held)
            for ours, theirs in zip(mine, held, strict=True):
                ours[place, :, :count] = theirs[source.number, :, :count]


@dataclass(slots=True, eq=False, kw_only=True)
class PackedPlace(Place):
    """A conversation's room in a pen."""

    pen: Pen
    number: int


class PackedReader:
    """Reads for models whose every layer attends to all that came before."""

    def __init__(self, model: Any, *, room: int, together: int) -> None:
        """`room` tokens are held at most; up to `together` conversations lie in one pen."""
        self.room, self._together = room, together
        self._model = model
        self._pens: list[Pen] = []

    def place(self, length: int, like: Place | None = None, shared: int = 0) -> Place | None:
        """Room for a conversation of `length` tokens, the first `shared` of them taken over from `like`.

        None where there is no room left; but there always is for the only one.
        """
        import torch

        pen = self._pen_for(_rounded(length))
        if pen is None:
            return None
        place = PackedPlace(pen=pen, number=pen.free.pop())
        with torch.inference_mode():
            pen.reach(length)
            if isinstance(like, PackedPlace) and shared:
                pen.copy(place.number, like, shared)
                place.ids = like.ids[:shared]
        return place

    def crop(self, place: Place, length: int) -> bool:
        """Forget all but the first `length` tokens; always possible."""
        del place.ids[length:]
        return True

    def free(self, place: Place) -> None:
        """Give the room back."""
        assert isinstance(place, PackedPlace)
        place.pen.free.add(place.number)
        place.ids.clear()
        if len(place.pen.free) == place.pen.places:
            self._pens.remove(place.pen)

    def read(self, batch: Sequence[tuple[Place, list[int]]]) -> torch.Tensor:
        """The scores after the last of each conversation's new tokens, [conversation, token of the vocabulary]."""
        import torch

        packed = [(place, tokens) for place, tokens in batch if isinstance(place, PackedPlace)]
        with torch.inference_mode():
            step = Step(packed, self._model.device)
            output = self._model(
                input_ids=step.tensor([token for _, tokens in batch for token in tokens])[None],
                position_ids=step.tensor(step.positions)[None],
                use_cache=False,
                logits_to_keep=step.tensor(step.ends) - 1,
                packed=step,
            )
        for place, tokens in batch:
            place.ids += tokens
        return output.logits[0].float()

    def _pen_for(self, length: int) -> Pen | None:
        """The pen with a free place that fits best; a new one where none fits and there is room."""
        fitting = [pen for pen in self._pens if pen.free and pen.length >= length]
        best = min(fitting, key=lambda pen: pen.length, default=None)
        held = sum(pen.tokens for pen in self._pens)
        if best is not None and best.length <= 2 * length:
            return best
        places = min(self._together, (self.room - held) // length)
        if places > 0 or not self._pens:
            self._pens.append(Pen(max(1, places), length))
            return self._pens[-1]
        shorter = [pen for pen in self._pens if pen.free and held + pen.places * (length - pen.length) <= self.room]
        return best or max(shorter, key=lambda pen: pen.length, default=None)


class Step:
    """What is read in one pass, and the attention of it."""

    def __init__(self, batch: Sequence[tuple[PackedPlace, list[int]]], device: torch.device) -> None:
        self.device = device
        self.positions: list[int] = []
        self.ends: list[int] = []
        """Behind the last token of each conversation."""
        self._long: list[tuple[PackedPlace, int, int, int]] = []
        """Conversations with several new tokens: the place, where they start and end, and how many are before them."""
        few: dict[Pen, list[tuple[int, int, int]]] = defaultdict(list)
        for place, tokens in batch:
            start, before = len(self.positions), len(place.ids)
            self.positions += range(before, before + len(tokens))
            self.ends.append(len(self.positions))
            place.pen.reach(before + len(tokens))
            if len(tokens) > 1:
                self._long.append((place, start, len(self.positions), before))
            else:
                few[place.pen].append((place.number, start, before))
        self._few = [_OneEach(pen, mine, self) for pen, mine in few.items()]
        self._masks: dict[int, torch.Tensor] = {}

    def tensor(self, values: Sequence[int]) -> torch.Tensor:
        """The numbers on the model's device."""
        import torch

        return torch.tensor(values, device=self.device)

    def attend(
        self, layer: int, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None
    ) -> torch.Tensor:
        """What each new token draws from its own conversation, [1, token, head, size], its key and value kept."""
        out = query.new_empty(query.shape[2], query.shape[1], value.shape[3])
        for few in self._few:
            few.attend(layer, query, key, value, scaling, out)
        for number, (place, start, end, before) in enumerate(self._long):
            new = slice(start, end)
            keys, values = place.pen.layer(layer, key, value)
            keys[place.number, :, before : before + end - start] = key[0, :, new]
            values[place.number, :, before : before + end - start] = value[0, :, new]
            out[new] = self._long_one(number, query[:, :, new], keys, values, scaling)
        return out[None]

    def _long_one(
        self, number: int, query: torch.Tensor, keys: torch.Tensor, values: torch.Tensor, scaling: float | None
    ) -> torch.Tensor:
        from torch.nn.functional import scaled_dot_product_attention

        place, start, end, before = self._long[number]
        one, all_of_it = slice(place.number, place.number + 1), slice(0, before + end - start)
        found = scaled_dot_product_attention(
            query,
            keys[one, :, all_of_it],
            values[one, :, all_of_it],
            attn_mask=self._mask(number, query) if before else None,
            is_causal=not before,
            scale=scaling,
            enable_gqa=query.shape[1] != keys.shape[1],
        )
        return found[0].transpose(0, 1)

    def _mask(self, number: int, query: torch.Tensor) -> torch.Tensor:
        """Hides from each new token those after it; the same in all layers."""
        if number not in self._masks:
            _, start, end, before = self._long[number]
            hidden = query.new_full((end - start, before + end - start), float("-inf"))
            self._masks[number] = hidden.triu(before + 1)
        return self._masks[number]


class _OneEach:
    """The attention of a pen's conversations that read one token each: one call for all of them."""

    def __init__(self, pen: Pen, read: Sequence[tuple[int, int, int]], step: Step) -> None:
        """`read` holds each conversation's place in the pen, its token's in the batch, and its length before."""
        self._pen = pen
        numbers, tokens, before = zip(*read, strict=True)
        first, last = min(numbers), max(numbers)
        self._span = slice(first, last + 1)
        self._until = min(pen.length, -(-(max(before) + 1) // 8) * 8)
        self._numbers, self._tokens, self._before = map(step.tensor, (numbers, tokens, before))
        by_number = {number: (token, length) for number, token, length in read}
        # A place between them that reads nothing now is asked something all the same, and nobody looks at the answer.
        filled = [by_number.get(number, (tokens[0], 0)) for number in range(first, last + 1)]
        self._asked, self._last = step.tensor([token for token, _ in filled]), step.tensor([end for _, end in filled])
        self._answers = self._numbers - first
        self._mask: torch.Tensor | None = None

    def attend(
        self,
        layer: int,
        query: torch.Tensor,
        key: torch.Tensor,
        value: torch.Tensor,
        scaling: float | None,
        out: torch.Tensor,
    ) -> None:
        """Keep the new keys and values and write to `out` what their tokens draw."""
        from torch.nn.functional import scaled_dot_product_attention

        keys, values = self._pen.layer(layer, key, value)
        keys[self._numbers, :, self._before] = key[0, :, self._tokens].transpose(0, 1)
        values[self._numbers, :, self._before] = value[0, :, self._tokens].transpose(0, 1)
        heads = keys.shape[1]
        # Heads that share keys are taken for several queries of one head: nothing is read twice.
        asked = query[0, :, self._asked].transpose(0, 1).unflatten(1, (heads, -1))
        found = scaled_dot_product_attention(
            asked,
            keys[self._span, :, : self._until],
            values[self._span, :, : self._until],
            attn_mask=self._hidden(query).expand(-1, -1, asked.shape[2], -1),
            scale=scaling,
        )
        out[self._tokens] = found.flatten(1, 2)[self._answers]

    def _hidden(self, query: torch.Tensor) -> torch.Tensor:
        """Hides what lies behind each conversation's end; the same in all layers."""
        import torch

        if self._mask is None:
            beyond = torch.arange(self._until, device=query.device) > self._last[:, None]
            self._mask = torch.zeros_like(beyond, dtype=query.dtype).masked_fill(beyond, float("-inf"))[:, None, None]
        return self._mask


def packs(model: Any) -> bool:
    """Whether the model reads packed conversations as it reads one alone; if so it is set to, else left as it is.

    Tried and not looked up: architectures differ in more than their configuration says.
    """
    import torch

    if not (getattr(model, "_supports_attention_backend", False) and _is_simple(model.config)):
        return False
    _register()
    before = model.config._attn_implementation
    ids = torch.arange(PROBE, device=model.device) % model.config.vocab_size
    with torch.inference_mode():
        wanted = model(input_ids=ids[None], use_cache=False, logits_to_keep=1).logits[0, -1].float()
    model.set_attn_implementation(NAME)
    try:
        apart = (_probed(model, ids.tolist()) - wanted).abs().max() / wanted.std()
        if apart <= (1e-3 if model.dtype == torch.float32 else 0.1):
            return True
    except (NotPackable, TypeError, AttributeError, KeyError, RuntimeError):
        pass
    model.set_attn_implementation(before)
    return False


def _probed(model: Any, ids: list[int]) -> torch.Tensor:
    """The scores after the ids, read packed in three bites beside a conversation that reads something else."""
    reader = PackedReader(model, room=4 * STEP, together=2)
    mine, other = reader.place(PROBE) or Place(), reader.place(PROBE) or Place()
    reader.read([(other, ids[::-1]), (mine, ids[: PROBE // 2])])
    reader.read([(mine, ids[PROBE // 2 : -1]), (other, ids[:1])])
    return reader.read([(other, ids[:1]), (mine, ids[-1:])])[1]


def _is_simple(config: Any) -> bool:
    """Whether all layers keep all tokens, and a position is told by its number alone, not by the longest beside it."""
    from transformers import DynamicCache

    if not keeps_all(DynamicCache(config=config)):
        return False
    given = getattr(config, "rope_parameters", None) or {}
    kinds = [one.get("rope_type") for one in (given, *given.values()) if isinstance(one, dict)]
    return not {"dynamic", "longrope"} & set(kinds)


def _rounded(length: int) -> int:
    return -(-length // STEP) * STEP


def _register() -> None:
    from transformers import AttentionInterface

    AttentionInterface.register(NAME, _attention)


def _attention(
    module: Any,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor | None,
    scaling: float | None = None,
    dropout: float = 0.0,
    *,
    packed: Step,
    **beside: Any,
) -> tuple[torch.Tensor, None]:
    """Attention as transformers calls it; NotPackable where the model asks for more."""
    if more := [name for name in CHANGES_SCORES if beside.get(name) is not None]:
        raise NotPackable(more[0])
    return packed.attend(module.layer_idx, query, key, value, scaling), None
