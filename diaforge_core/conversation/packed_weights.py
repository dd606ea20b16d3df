"""The weights of a model's linear layers as oneDNN multiplies them fastest on a processor: exact, and packed once.

torch multiplies float32 by MKL, which on AMD processors reaches less than half of what the packed form does.
"""

from __future__ import annotations

import platform
from functools import partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

ROWS = 64
"""Rows that the form is chosen for; it is as good for more, and for fewer nearly so."""
TRIED_ROWS, TOLERANCE = 8, 1e-4
"""On how many rows each layer is tried, and how far it may be off, as a part of the largest value."""


def pack_weights(model: Any) -> int:
    """How many linear layers now multiply in the packed form; the others are as they were.

    Only on x86 processors and in float32. A layer that gives other numbers than before is left alone. The plain form is
    given up where no other layer shares it, so that memory holds the weights once.
    """
    import torch

    if platform.machine() not in ("x86_64", "AMD64") or not torch.backends.mkldnn.is_available():
        return 0
    parameters = [one for module in model.modules() for one in module.parameters(recurse=False)]
    owners: dict[int, int] = {}
    for one in parameters:
        owners[one.data_ptr()] = owners.get(one.data_ptr(), 0) + 1
    layers = [module for module in model.modules() if type(module) is torch.nn.Linear]
    return sum(_pack(layer, shared=owners[layer.weight.data_ptr()] > 1) for layer in layers)


def _pack(layer: torch.nn.Linear, *, shared: bool) -> bool:
    import torch

    weight, bias = layer.weight.detach(), layer.bias
    if weight.dtype != torch.float32 or weight.device.type != "cpu":
        return False
    given = torch.linspace(-1.0, 1.0, TRIED_ROWS * layer.in_features).view(TRIED_ROWS, -1)
    with torch.inference_mode():
        wanted = layer(given)
        try:
            multiply = partial(_multiply, torch.ops.mkldnn._reorder_linear_weight(weight, ROWS), bias)
            found = multiply(given)
        except (AttributeError, RuntimeError):
            return False
        if (found - wanted).abs().max() > TOLERANCE * wanted.abs().max():
            return False
    layer.forward = multiply  # pyright: ignore[reportAttributeAccessIssue]
    if not shared:
        layer.weight.data = weight.new_empty(0)
    return True


def _multiply(weight: torch.Tensor, bias: torch.Tensor | None, given: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.ops.mkldnn._linear_pointwise(given, weight, bias, "none", [], "")
