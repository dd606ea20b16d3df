"""A worker whose CPU processes may shard a model: accelerate shards on accelerators only, and is told these are."""

from __future__ import annotations

import sys
from typing import Any

from accelerate import state
from accelerate.utils import DistributedType

from diaforge_core.services.worker import main
from diaforge_core.training.work import leave

made = state.AcceleratorState.__init__


def made_as_if_of_accelerators(self: state.AcceleratorState, *given: Any, **more: Any) -> None:
    if not state.AcceleratorState._shared_state:
        state.PartialState(cpu=True)
        state.PartialState._shared_state["distributed_type"] = DistributedType.MULTI_XPU
    made(self, *given, **more)


if __name__ == "__main__":
    state.AcceleratorState.__init__ = made_as_if_of_accelerators
    leave(main(sys.argv[1:]))
