"""Shards made on a Ray cluster: the one at `RAY_ADDRESS`, else one that is started here for the run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ..errors import DataError
from .shards import AHEAD, Crew, ShardMaker, ShardSource

ADDRESS = "RAY_ADDRESS"
TRIES_ELSEWHERE = 3
"""For a shard whose machine went away."""
SHARED = ("DIAFORGE_ENCODER", "HF_HUB_OFFLINE")
"""What the cluster's processes must know of this one's environment, for the same shard to come out."""
QUIET = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0"}
"""Nothing is reported to anybody, and processes without an accelerator keep what the environment says of it."""


@contextmanager
def ray_tasks(source: ShardSource, workers: int) -> Iterator[Crew]:
    """The cluster at `RAY_ADDRESS`, else `workers` processes of one started here; left, it gives up what is not whole.

    Each machine needs this program at the same place, and must reach `source.address`. DataError if ray is not
    installed or the cluster cannot be reached, or if it lost a shard again and again.
    """
    os.environ.update(QUIET)
    ray = _ray()
    _connect(ray, workers)
    try:
        there = ray.cluster_resources()
        on = "GPU" if source.computes and there.get("GPU") else "CPU"
        task = ray.remote(_fill).options(num_cpus=1, num_gpus=int(on == "GPU"), max_retries=TRIES_ELSEWHERE)
        kept = ray.put(source)
        key = kept.hex()
        places = int(there.get(on, workers))
        ahead = min(source.recipe.workers or places, places) * (AHEAD if not source.recipe.workers else 1)
        yield Crew(lambda number: task.remote(key, [kept], number).future(), ahead)
    except ray.exceptions.RayTaskError as problem:
        raise problem.cause if isinstance(problem.cause, Exception) else problem from None
    except ray.exceptions.RayError as problem:
        raise DataError(f"The Ray cluster lost a shard: {problem}. What was made before is whole: resume.") from problem
    finally:
        ray.shutdown()


def _fill(key: str, kept: list[Any], number: int) -> int:
    return _maker(key, kept[0]).fill(number)


_held: dict[str, ShardMaker] = {}
"""That of the run which this process of the cluster works for."""


def _maker(key: str, kept: Any) -> ShardMaker:
    if key not in _held:
        _held.clear()
        _held[key] = ShardMaker(_ray().get(kept))
    return _held[key]


def _connect(ray: Any, workers: int) -> None:
    address = os.environ.get(ADDRESS)
    known = {"env_vars": {name: os.environ[name] for name in SHARED if name in os.environ}}
    where: dict[str, Any] = {"address": address} if address else {"address": "local", "num_cpus": workers}
    try:
        ray.init(**where, runtime_env=known, include_dashboard=None if address else False, configure_logging=False)
    except (ConnectionError, OSError, RuntimeError, ValueError) as problem:
        raise DataError(
            f"The Ray cluster at {address or 'this machine'} cannot be used: {problem}. Correct {ADDRESS}, or take the "
            "engine 'local'."
        ) from problem


def _ray() -> Any:
    try:
        import ray
    except ImportError:
        raise DataError(
            "Ray is not installed. Install it with `pip install -r requirements-ray.txt`, or take the engine 'local'."
        ) from None
    return ray
