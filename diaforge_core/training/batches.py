"""Examples as rows of tensors: packed, with the positions and the attention mask that make one pass exact.

METHOD.md §3, exact turn-slicing: a branch attends to its own dialogue's trunk up to where it starts and to itself,
with positions that go on from there. Nothing is padded: each row is a batch of one. Models with layers that carry a
state from token to token read each slice in a row of its own instead, which is the same loss at a higher price.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, Literal

from ..errors import ModelError
from .examples import Example

if TYPE_CHECKING:
    import torch

Reduction = Literal["token", "slice"]
Layout = Literal["one_pass", "slices"]
"""Trunk and branches packed in rows, or each slice alone in a row."""
PLAIN_LAYERS = frozenset({"full_attention", "sliding_attention", "mlp", "moe"})
"""Kinds of layers in which a token knows of others what its mask lets through, and nothing more."""
Row = dict[str, Any]
"""Tensors of one row of L tokens with T targets: `input_ids`, `position_ids` (1, L); `document`, `branch`, `limit` (L);
`predictors`, `labels`, `weights` (T)."""


def layout_of(config: Any, wanted: Layout | None = None) -> Layout:
    """`one_pass` where every layer of such a model attends by a mask; `slices` where one carries a state along.

    A layout that is wanted is taken; ModelError if one pass is wanted of layers that it is not exact for.
    """
    foreign = _foreign_layers(config)
    if foreign and wanted == "one_pass":
        raise _not_exact(foreign)
    return wanted or ("slices" if foreign else "one_pass")


def _not_exact(foreign: Sequence[str]) -> ModelError:
    return ModelError(
        f"The model has layers of the kind {', '.join(foreign)}, which exact one-pass training does not cover. "
        "Train it by slices (layout `slices`), or choose a model with plain attention layers."
    )


def _foreign_layers(config: Any) -> list[str]:
    """Kinds of layers, in alphabetical order, that no mask of ours keeps from reading a neighbour in the same row."""
    config = config.get_text_config()
    kinds = set(getattr(config, "layer_types", None) or ())
    if not kinds and not getattr(config, "num_attention_heads", None):
        return ["recurrent"]
    return sorted(kinds - PLAIN_LAYERS)


def lay_out(examples: Sequence[Example], row_tokens: int, layout: Layout = "one_pass") -> list[list[Example]]:
    """What each row holds: these examples by `pack`, or each slice alone. The rows' losses sum to the same."""
    if layout == "slices":
        return [[one] for example in examples for one in apart(example)]
    return pack(examples, row_tokens)


def apart(example: Example) -> list[Example]:
    """Each branch with its history as an example of its own, without branches; trained trunk spans last, together."""
    alone = [
        Example(
            example.dialogue,
            (*example.trunk[: branch.start], *branch.tokens),
            (),
            ((branch.start, branch.start + len(branch.tokens)),),
        )
        for branch in example.branches
    ]
    spans = [Example(example.dialogue, example.trunk, (), example.trained)] if example.trained else []
    return alone + spans


def pack(examples: Sequence[Example], row_tokens: int) -> list[list[Example]]:
    """The examples in rows of at most `row_tokens` tokens, a longer one alone; first fit, longest first, ties by order.

    Attention costs the square of a row, so a row is worth filling only as far as the device needs it.
    """
    rows: list[list[Example]] = []
    room: list[int] = []
    for example in sorted(examples, key=lambda one: -one.tokens):
        place = next((number for number, left in enumerate(room) if left >= example.tokens), None)
        if place is None:
            rows.append([])
            room.append(row_tokens)
            place = len(rows) - 1
        rows[place].append(example)
        room[place] -= example.tokens
    return rows


def make_row(examples: Sequence[Example], reduction: Reduction = "token") -> Row:
    """The tensors of these examples in one row.

    `predictors` are the places whose scores predict `labels`; the first token of a branch is predicted by the trunk
    token before it. Weights: 1 a token, or 1 a slice in all.
    """
    import torch

    ids: list[int] = []
    positions: list[int] = []
    documents: list[int] = []
    branches: list[int] = []
    limits: list[int] = []
    predictors: list[int] = []
    labels: list[int] = []
    weights: list[float] = []
    branch_number = 0
    for document, example in enumerate(examples):
        offset, length = len(ids), len(example.trunk)
        ids += example.trunk
        positions += range(length)
        limits += range(1, length + 1)
        branches += [0] * length
        for start, end in example.trained:
            predictors += range(offset + start - 1, offset + end - 1)
            labels += example.trunk[start:end]
            weights += _weights(end - start, reduction)
        for branch in example.branches:
            branch_number += 1
            size, place = len(branch.tokens), len(ids)
            ids += branch.tokens
            positions += range(branch.start, branch.start + size)
            limits += [branch.start] * size
            branches += [branch_number] * size
            predictors += [offset + branch.start - 1, *range(place, place + size - 1)]
            labels += branch.tokens
            weights += _weights(size, reduction)
        documents += [document] * (len(ids) - offset)
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "document": torch.tensor(documents),
        "branch": torch.tensor(branches),
        "limit": torch.tensor(limits),
        "predictors": torch.tensor(predictors),
        "labels": torch.tensor(labels),
        "weights": torch.tensor(weights),
    }


def _weights(size: int, reduction: Reduction) -> list[float]:
    return [1.0 if reduction == "token" else 1.0 / size] * size


def sees(row: Row, window: int | None = None) -> Callable[[Any, Any], Any]:
    """Whether the token at place q attends to the one at place k, as a function of (tensors of) q and k.

    All see their dialogue's trunk below their limit; branch tokens see earlier ones of their own branch and
    themselves. A sliding `window` is measured in positions, not in places.
    """
    position, branch = row["position_ids"][0], row["branch"]
    document, limit = row["document"], row["limit"]

    def attends(q: Any, k: Any) -> Any:
        trunk = (branch[k] == 0) & (position[k] < limit[q])
        own = (branch[k] != 0) & (branch[k] == branch[q]) & (position[k] <= position[q])
        seen = (trunk | own) & (document[k] == document[q])
        return seen if window is None else seen & (position[q] - position[k] < window)

    return attends


def attention_mask(row: Row, window: int | None = None) -> torch.Tensor:
    """Which token (rows) sees which (columns), by `sees`: bool (1, 1, L, L), True where it attends."""
    import torch

    places = torch.arange(row["document"].numel(), device=row["document"].device)
    return sees(row, window)(places[:, None], places[None, :])[None, None]


def block_mask(row: Row, window: int | None = None) -> Any:
    """The same mask for FlexAttention, which skips the blocks of tokens that do not attend to each other."""
    from torch.nn.attention.flex_attention import create_block_mask

    attends, length = sees(row, window), row["document"].numel()
    device = str(row["document"].device)
    return create_block_mask(lambda _batch, _head, q, k: attends(q, k), None, None, length, length, device=device)


def masks_for(config: Any, row: Row) -> Any:
    """The mask argument that a model of this configuration takes: one mask, or one per kind of layer.

    None, the plain causal order, for one dialogue without branches. ModelError for a row of several parts and layers
    that carry a state from token to token: a branch would read its neighbour's state.
    """
    if not row["branch"].any() and not row["document"].any():
        return None
    if foreign := _foreign_layers(config):
        raise _not_exact(foreign)
    config = config.get_text_config()
    mask = block_mask if getattr(config, "_attn_implementation", "") == "flex_attention" else attention_mask
    kinds = set(getattr(config, "layer_types", None) or ())
    window = getattr(config, "sliding_window", None)
    if "sliding_attention" in kinds:
        return {"full_attention": mask(row), "sliding_attention": mask(row, window)}
    windowed = not kinds and window and getattr(config, "use_sliding_window", True)
    return mask(row, window if windowed else None)


def row_loss(model: Any, row: Row) -> torch.Tensor:
    """The weighted sum of the cross-entropy at the row's targets; scores are computed at those places only."""
    import torch

    output = model(
        input_ids=row["input_ids"],
        attention_mask=masks_for(getattr(model, "module", model).config, row),
        position_ids=row["position_ids"],
        logits_to_keep=row["predictors"],
        use_cache=False,
    )
    logits = output.logits[0].float()
    return (torch.nn.functional.cross_entropy(logits, row["labels"], reduction="none") * row["weights"]).sum()


def sliced_losses(model: Any, example: Example) -> Iterator[torch.Tensor]:
    """The summed cross-entropy of each target read apart with its whole history: the reference for `row_loss`."""
    import torch

    from .examples import slices

    for tokens, start in slices(example):
        ids = torch.tensor([tokens], device=model.device)
        logits = model(input_ids=ids, use_cache=False).logits[0, start - 1 : -1].float()
        yield torch.nn.functional.cross_entropy(logits, ids[0, start:], reduction="sum")
