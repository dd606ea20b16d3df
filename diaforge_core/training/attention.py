"""Attention for training on a processor: three matrix products instead of torch's fused kernel.

The fused one spares memory by working through blocks and reads the mask of packed rows block by block; its backward
pass is the slower half of a step on a processor. Here the shares of a whole row are kept for the backward pass: of
SmolLM2-135M's 30 layers and 9 heads, 0.3 GB for 760 tokens in half precision and 2.3 GB for the longest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

NAME = "whole_row"
"""Under which `transformers` knows it."""
LONGEST = 2048
"""Tokens of a row up to which its scores are held; they grow with the square."""


def use_whole_rows(model: Any) -> None:
    """Lets the model attend so from now on; its masks stay those that torch's own attention takes."""
    from transformers import AttentionInterface, AttentionMaskInterface
    from transformers.masking_utils import sdpa_mask

    AttentionInterface.register(NAME, attend)
    AttentionMaskInterface.register(NAME, sdpa_mask)
    model.set_attn_implementation(NAME)


def attend(
    module: Any, query: Any, key: Any, value: Any, attention_mask: Any, *, scaling: float | None = None,
    dropout: float = 0.0, **given: Any,
) -> tuple[Any, None]:  # fmt: skip
    """What the queries (1, H, L, D) read, as (1, L, H, D); several heads may share keys and values.

    Without a mask each reads those up to itself. Longer rows, other kinds of masks, and dropout, sinks, biases or
    capped scores are left to what models on a processor use otherwise.
    """
    import torch

    batch, heads, length, width = query.shape
    other = dropout or _is_other(module, attention_mask, given)
    if other or length > LONGEST or batch != 1 or key.shape[2] != length:
        from transformers.integrations.sdpa_attention import sdpa_attention_forward

        plain = {"scaling": scaling, "dropout": dropout, **given}
        return sdpa_attention_forward(module, query, key, value, attention_mask, **plain)
    seen = torch.ones(length, length, dtype=torch.bool).tril() if attention_mask is None else attention_mask[0, 0]
    # Under autocast the products are in half precision, in which the least of float32 is infinite.
    least = max(torch.finfo(kind).min for kind in (query.dtype, torch.bfloat16))
    hidden = torch.zeros(length, length, dtype=query.dtype).masked_fill_(~seen, least)
    shared = key.shape[1]
    scores = torch.baddbmm(
        hidden.repeat(heads // shared, 1)[None].expand(shared, -1, -1),
        (query * (width**-0.5 if scaling is None else scaling)).reshape(shared, -1, width),
        key[0].transpose(1, 2),
    )
    read = torch.bmm(scores.softmax(-1), value[0])
    return read.view(1, heads, length, width).transpose(1, 2).contiguous(), None


def _is_other(module: Any, mask: Any, given: Mapping[str, Any]) -> bool:
    """Whether it is attention of another kind than over what one mask, or the plain order, lets each see."""
    import torch

    if any(given.get(name) is not None for name in ("softcap", "s_aux", "position_bias")):
        return True
    if mask is not None:
        return mask.dtype != torch.bool or mask.shape[1] != 1
    return given.get("is_causal") is False or not getattr(module, "is_causal", True)
