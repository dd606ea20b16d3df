"""Imports go down only, streamlit stays in the pages, and torch stays out of the app (DESIGN.md §2)."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
CORE = "diaforge_core"
BOTTOM = {"errors", "settings", "paths"}
"""Modules that anything may import."""
_KNOWLEDGE = {"conversation", "catalog", "records"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "settings": set(),
    "paths": set(),
    "records": {"records"},
    "catalog": {"catalog", "records"},
    "conversation": _KNOWLEDGE,
    "generator": {"generator"} | _KNOWLEDGE,
    "training": {"training"} | _KNOWLEDGE,
    "evaluation": {"evaluation"} | _KNOWLEDGE,
    "store": {"store", "records"},
    "services": {"services", "store", "generator", "training", "evaluation"} | _KNOWLEDGE,
    "cli": {"cli", "services", "records"},
    "__main__": {"cli", "services"},
    "__init__": set(),
    "pages": {"services", "records"},
}
"""Part of the project → the parts of `diaforge_core` it may import, besides BOTTOM. Pages have services as their only
door; records come with it as the words in which services answer."""
SLOW = {"sklearn", "scipy.stats", "scipy.cluster", "scipy.optimize", "openai"}
"""What takes a tenth of a second or more to import and most commands never use: imported inside functions only."""
HEAVY = {"torch", "transformers", "peft", "accelerate", "trl", "bitsandbytes"}
HEAVY_HOMES = (
    *(
        f"conversation/{name}.py"
        for name in (
            "constrained",
            "local_model",
            "packed_reading",
            "packed_weights",
            "plain_reading",
            "room",
            "turn_writer",
        )
    ),
    "conversation/smollm2.py",
    "training/",
)
"""Where a heavy package may be imported, inside functions only."""


@dataclass(frozen=True, slots=True)
class Import:
    """One imported module and how it is reached."""

    module: str
    line: int
    at_run_time: bool
    """False under `if TYPE_CHECKING:`."""
    in_function: bool


def imports_of(path: Path, root: Path) -> Iterator[Import]:
    """Every import of a file with absolute module names, those by `import_module` and `__import__` included."""
    package = path.relative_to(root).with_suffix("").parts[:-1]

    def walk(node: ast.AST, at_run_time: bool, in_function: bool) -> Iterator[Import]:
        for name in _imported(node, package):
            yield Import(name, getattr(node, "lineno", 0), at_run_time, in_function)
        inside = in_function or isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
        typing_only = isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)
        for field, value in ast.iter_fields(node):
            children = value if isinstance(value, list) else [value]
            for child in children:
                if isinstance(child, ast.AST):
                    yield from walk(child, at_run_time and not (typing_only and field == "body"), inside)

    yield from walk(ast.parse(path.read_text(encoding="utf-8"), str(path)), True, False)


def _imported(node: ast.AST, package: tuple[str, ...]) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        base = package[: len(package) - node.level + 1] if node.level else ()
        prefix = ".".join([*base, *([node.module] if node.module else [])])
        return [f"{prefix}.{alias.name}" for alias in node.names]
    if isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant):
        called, name = ast.unparse(node.func), node.args[0].value
        if called.split(".")[-1] in {"import_module", "__import__"} and isinstance(name, str):
            dots = len(name) - len(name.lstrip("."))
            return [".".join([*package[: len(package) - dots + 1], name[dots:]]) if dots else name]
    return []


def part_of(relative: Path) -> str | None:
    """Which part of the project a file belongs to; None for tests and benchmarks, which may import anything."""
    parts = relative.with_suffix("").parts
    if parts[0] == CORE:
        return parts[1]
    return "pages" if parts[0] in {"pages", "app"} else None


def faults(root: Path) -> list[str]:
    """Every import under `root` that the design forbids, as `file:line reason`."""
    files = [*(root / CORE).rglob("*.py"), *(root / "pages").rglob("*.py"), *root.glob("app.py")]
    return [fault for path in sorted(files) for fault in _faults_of(path, root)]


def _faults_of(path: Path, root: Path) -> Iterator[str]:
    relative = path.relative_to(root)
    part = part_of(relative)
    if part is None:
        return
    inside = relative.relative_to(CORE).as_posix() if relative.parts[0] == CORE else ""
    for found in imports_of(path, root):
        top, _, rest = found.module.partition(".")
        target = rest.partition(".")[0]
        where = f"{relative.as_posix()}:{found.line}"
        if top == CORE and target not in MAY_IMPORT.get(part, set()) | BOTTOM:
            yield f"{where} {part} must not import {target or CORE}"
        if top == "streamlit" and inside:
            yield f"{where} only pages import streamlit"
        if top in {"pages", "app"} and inside:
            yield f"{where} nothing below imports {top}"
        if top in HEAVY and not inside.startswith(HEAVY_HOMES):
            yield f"{where} {top} belongs to {', '.join(HEAVY_HOMES)}"
        elif top in HEAVY and found.at_run_time and not found.in_function:
            yield f"{where} {top} is imported inside functions only"


def test_imports_go_down_only() -> None:
    assert faults(ROOT) == []


def test_every_part_of_the_core_has_its_place() -> None:
    parts = {part_of(path.relative_to(ROOT)) for path in (ROOT / CORE).rglob("*.py")}
    assert parts <= MAY_IMPORT.keys()


@pytest.mark.parametrize(
    ("file", "source", "complaint"),
    [
        ("diaforge_core/records/tool.py", "from ..catalog.importing import load_catalog", "records must not import"),
        ("diaforge_core/records/tool.py", "from ..catalog import importing", "records must not import"),
        ("diaforge_core/catalog/refs.py", "import diaforge_core.conversation.rollout", "catalog must not import"),
        ("diaforge_core/generator/utcgen.py", "from ..evaluation.metrics import measure", "must not import evaluation"),
        ("diaforge_core/evaluation/a.py", "from ..store.database import Database", "must not import store"),
        ("diaforge_core/store/database.py", "from ..catalog import importing", "must not import catalog"),
        ("diaforge_core/training/t.py", "def f():\n    from ..generator import utcgen", "must not import generator"),
        ("diaforge_core/errors.py", "from .records.base import Record", "errors must not import records"),
        ("diaforge_core/evaluation/a.py", "from importlib import *\nimport_module('..store.x')", "must not import"),
        ("diaforge_core/services/a.py", "import streamlit as st", "only pages import streamlit"),
        ("diaforge_core/services/a.py", "from pages.components import wiring", "nothing below imports pages"),
        ("diaforge_core/services/a.py", "def f():\n    import torch", "torch belongs to"),
        ("diaforge_core/catalog/e.py", "import torch.nn.functional as F", "torch belongs to"),
        ("diaforge_core/training/t.py", "import torch", "inside functions only"),
        ("diaforge_core/training/t.py", "class T:\n    from peft import LoraConfig", "inside functions only"),
        ("diaforge_core/conversation/smollm2.py", "from transformers import AutoModel", "inside functions only"),
        ("pages/train.py", "from diaforge_core.training.trainer import ToolCallingTrainer", "must not import training"),
        ("pages/components/c.py", "from diaforge_core.store.database import Database", "must not import store"),
        ("app.py", "import torch", "torch belongs to"),
        ("app.py", "from diaforge_core import UTCGen", "must not import UTCGen"),
        ("diaforge_core/cli.py", "from .store import database", "cli must not import store"),
        ("diaforge_core/__init__.py", "from .generator.utcgen import UTCGen", "__init__ must not import generator"),
    ],
)
def test_a_planted_fault_is_found(tmp_path: Path, file: str, source: str, complaint: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(source)
    found = faults(tmp_path)
    assert any(complaint in fault for fault in found), found


@pytest.mark.parametrize(
    ("file", "source"),
    [
        ("diaforge_core/training/t.py", "def f():\n    import torch\n    from peft import LoraConfig"),
        ("diaforge_core/training/t.py", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import torch"),
        ("diaforge_core/training/t.py", "from ..conversation import prompts\nfrom ..errors import DataError"),
        ("diaforge_core/services/s.py", "from ..store.database import Database\nfrom ..evaluation import metrics"),
        ("pages/train.py", "import streamlit as st\nfrom diaforge_core.services.workspace import open_workspace"),
        ("diaforge_core/records/tool.py", "from ..errors import CatalogError\nfrom .base import Record"),
    ],
)
def test_what_the_design_allows_is_no_fault(tmp_path: Path, file: str, source: str) -> None:
    planted = tmp_path / file
    planted.parent.mkdir(parents=True, exist_ok=True)
    planted.write_text(source)
    assert faults(tmp_path) == []


def app_modules() -> list[str]:
    """What the app process imports, as far as it exists: every service, the command line, the pages' components."""
    found = [*(ROOT / CORE / "services").rglob("*.py"), *(ROOT / "pages" / "components").rglob("*.py")]
    names = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in sorted(found)]
    return [*(name.removesuffix(".__init__") for name in names), f"{CORE}.cli"]


def heavy_after(statements: str) -> str:
    """The heavy and slow packages that a fresh interpreter holds after `statements`, comma separated."""
    script = f"import sys\n{statements}\nprint(','.join(sorted({HEAVY | SLOW!r} & sys.modules.keys())))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1] if done.stdout.strip() else ""


def test_the_app_starts_without_torch_and_without_what_is_slow_to_import() -> None:
    assert f"{CORE}.services.workspace" in app_modules()
    assert heavy_after("\n".join(f"import {name}" for name in app_modules())) == ""


def test_the_public_face_is_reached_without_them_too() -> None:
    public = "UTCGen, ToolCallingTrainer, DynamicEvaluator, load_catalog, load_synthetic_data"
    assert heavy_after(f"from {CORE} import {public}") == ""


def test_the_probe_for_heavy_packages_can_fail() -> None:
    assert heavy_after("import types\nsys.modules['torch'] = types.ModuleType('torch')") == "torch"
    assert heavy_after("import scipy.stats") == "scipy.optimize,scipy.stats"
