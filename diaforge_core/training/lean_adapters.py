"""Adapters in few passes over memory, for passes in half precision on a processor.

There a layer's adapter costs more than the layer itself: its input is copied to float32, and its output scaled, copied
back and added, each a pass over the whole row. Here the adapter is multiplied in half precision into the layer's own
result, and the gradients come from the four small products that they consist of.
"""

from __future__ import annotations

from functools import cache, partial
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch
    from peft.tuners.lora import Linear


def use_lean_adapters(model: Any) -> None:
    """Have the model's adapters compute so, wherever they are plain LoRA on a linear layer that stays as it is."""
    from peft.tuners.lora import Linear

    for module in model.modules():
        if isinstance(module, Linear):
            module.forward = partial(_forward, module)


def _forward(module: Linear, x: torch.Tensor, *given: Any, **named: Any) -> torch.Tensor:
    base: Any = module.get_base_layer()
    if given or named or not _is_plain(module) or not _stays(base) or not _is_one_kind(x, base.weight):
        return type(module).forward(module, x, *given, **named)
    (name,) = module.active_adapters
    down, up = module.lora_A[name].weight, module.lora_B[name].weight
    return _adapted().apply(x, base.weight, base.bias, down, up, module.scaling[name])


def _is_plain(module: Linear) -> bool:
    import torch

    if module.disable_adapters or module.merged or len(module.active_adapters) != 1:
        return False
    (name,) = module.active_adapters
    other = module.lora_bias.get(name) or name in module.lora_variant or name not in module.lora_A
    return not other and isinstance(module.lora_dropout[name], torch.nn.Identity)


def _stays(base: Any) -> bool:
    """Whether it is a linear layer with nothing of its own, of which nothing learns."""
    import torch

    if type(base) is not torch.nn.Linear or base._forward_hooks or base._forward_pre_hooks:
        return False
    return not any(weight.requires_grad for weight in base.parameters())


def _is_one_kind(x: torch.Tensor, weight: torch.Tensor) -> bool:
    """Whether all is computed in the precision that input and weight have."""
    import torch

    kind = x.device.type
    cast = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else weight.dtype
    return x.numel() > 0 and x.dtype == weight.dtype == cast


@cache
def _adapted() -> Any:
    import torch
    from torch.autograd.function import once_differentiable

    class Adapted(torch.autograd.Function):
        """x Wᵀ + b + s (x Aᵀ) Bᵀ: a layer W, b that stays, an adapter A, B that learns (Hu et al. 2021, eq. 3)."""

        @staticmethod
        def forward(ctx: Any, x: Any, weight: Any, bias: Any, down: Any, up: Any, scale: float) -> Any:
            rows, down, up = x.reshape(-1, x.shape[-1]), down.to(weight.dtype), up.to(weight.dtype)
            low = rows @ down.T
            out = torch.nn.functional.linear(rows, weight, bias).addmm_(low, up.T, alpha=scale)
            ctx.save_for_backward(rows, low, weight, down, up)
            ctx.scale, ctx.shape = scale, x.shape
            return out.view(*x.shape[:-1], -1)

        @staticmethod
        @once_differentiable
        def backward(ctx: Any, *gradients: Any) -> Any:  # pyright: ignore[reportIncompatibleMethodOverride]
            rows, low, weight, down, up = ctx.saved_tensors
            given = gradients[0].reshape(-1, weight.shape[0])
            inner = (given @ up).mul_(ctx.scale)
            of_up = (given.T @ low).float().mul_(ctx.scale)
            of_down = (inner.T @ rows).float()
            of_x = None
            if ctx.needs_input_grad[0]:
                of_x = (given @ weight).addmm_(inner, down).view(ctx.shape)
            return of_x, None, None, of_down, of_up, None

    return Adapted
