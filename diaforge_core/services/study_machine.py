"""What a study runs on."""

from __future__ import annotations

import platform
import sys
from importlib import metadata
from pathlib import Path

import psutil

from .doctor import examine_device
from .study_folder import Facts

_CPUS = Path("/proc/cpuinfo")
_PASSES = ("avx512_bf16", "amx_bf16")
"""What makes half precision pay on a processor."""


def this_machine() -> Facts:
    """Processor, memory and device, and the versions at work; asking torch takes seconds."""
    seen = examine_device()
    versions = {"python": sys.version.split()[0], "torch": metadata.version("torch")}
    return _here() | {"device": seen["device"], "cards": seen["cards"], "versions": versions}


def is_this_machine(facts: Facts) -> bool:
    """Whether the facts are of the machine that this process runs on."""
    here = _here()
    return {key: facts.get(key) for key in here} == here


def halves() -> bool:
    """Whether the processor multiplies in bfloat16, which trains about twice as fast there."""
    return bool(_here()["half_precision"])


def _here() -> Facts:
    """What is known without asking anybody."""
    flags = _of_cpu("flags").split()
    return {
        "processor": _of_cpu("model name") or platform.processor() or platform.machine(),
        "cores": psutil.cpu_count() or 1,
        "memory_bytes": psutil.virtual_memory().total,
        "system": platform.system(),
        "half_precision": [name for name in _PASSES if name in flags],
    }


def _of_cpu(field: str) -> str:
    """What Linux says of the first processor; empty elsewhere."""
    try:
        lines = _CPUS.read_text(encoding="utf-8").splitlines()
    except OSError:
        return ""
    return next((line.partition(":")[2].strip() for line in lines if line.startswith(field)), "")
