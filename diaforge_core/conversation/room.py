"""How much a model on this machine may keep of conversations, how many it holds at once, and how it reads them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import psutil

from .packed_reading import PackedReader, packs
from .plain_reading import PlainReader, Reader

if TYPE_CHECKING:
    import torch

SHARE = 3
"""A model keeps at most this part of the memory that is free once its weights are loaded: a third."""
TYPICAL = 2048
"""Tokens of a conversation of several turns over some candidates; most are shorter."""
IN_FLIGHT = {"cpu": 64, "cuda": 256}
"""Where more conversations at once gain little: a CPU has its hands full with 64 rows, a GPU later."""
BITE = {"cpu": 2048, "cuda": 16384}
"""Tokens of prompts that fill the device; more of them are not read faster."""
TOGETHER = {"cpu": 4, "cuda": 256}
"""Conversations in one pen: one call for each pen, in which all read as far as the longest."""
SAMPLE = 16
"""Tokens over which the size of what is kept is measured."""
CGROUP = Path("/sys/fs/cgroup")


def kind_of(device: str) -> str:
    """`cuda` or, for all the others, `cpu`: how a device is to be fed."""
    return "cuda" if device.startswith("cuda") else "cpu"


def room_for(model: Any, device: str) -> int:
    """Tokens of conversations that the model may keep in the memory that is free now."""
    import torch

    free = torch.cuda.mem_get_info()[0] if kind_of(device) == "cuda" else host_memory()[1]
    return max(1, free // SHARE // _bytes_per_token(model))


def reader_for(model: Any, room: int) -> Reader:
    """The way of reading that suits the model: packed if it reads so what it reads alone, else one by one."""
    if packs(model):
        return PackedReader(model, room=room, together=TOGETHER[kind_of(model.device.type)])
    return PlainReader(model, room=room)


def host_memory(group: Path = CGROUP) -> tuple[int, int]:
    """This machine's memory in all and what of it is free, no more than its container may take; bytes."""
    memory = psutil.virtual_memory()
    limit = group / "memory.max"
    allowed = limit.read_text().strip() if limit.is_file() else ""
    if not allowed.isdecimal():
        return memory.total, memory.available
    counts = dict(line.split() for line in (group / "memory.stat").read_text().splitlines())
    # Files that were read are counted as taken, but give way.
    taken = int((group / "memory.current").read_text()) - int(counts.get("inactive_file", 0))
    in_all = min(memory.total, int(allowed))
    return in_all, max(0, min(memory.available, in_all - taken))


def _bytes_per_token(model: Any) -> int:
    """Of what the model keeps of a conversation; an upper bound where layers keep a window or a state."""
    import torch
    from transformers import DynamicCache

    cache = DynamicCache(config=model.config)
    ids = torch.zeros((1, SAMPLE), dtype=torch.long, device=model.device)
    with torch.inference_mode():
        model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
    return max(1, sum(map(_bytes, cache.layers)) // SAMPLE)


def _bytes(layer: Any) -> int:
    held: list[torch.Tensor] = [one for one in vars(layer).values() if hasattr(one, "nbytes")]
    return sum(one.nbytes for one in held)
