"""Where things lie on this machine."""

from __future__ import annotations

import os
from functools import lru_cache
from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict

DATA_DIR = Path(__file__).resolve().parent.parent / "data"
"""The project's own data: sample catalog, personas, wording."""


class Settings(BaseSettings):
    """What the environment decides, each as `DIAFORGE_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="DIAFORGE_")

    workspace: Path = DATA_DIR / "workspace"
    """Folder of the user's own catalogs, dialogues, models and runs."""
    models: Path | None = None
    """Folder of converted models; by default `models` inside the workspace."""
    user: str = ""
    """Name that decisions are signed with; by default the login name."""
    encoder: str = "wordllama"
    """What measures closeness of texts: `wordllama`, or `sentence-transformers:` and a model's folder or name."""


def settings() -> Settings:
    """What the environment says now; read anew only when it has changed, since a page asks many times a drawing."""
    return _settings(tuple(os.environ.get(f"DIAFORGE_{name.upper()}") for name in Settings.model_fields))


@lru_cache(maxsize=4)
def _settings(_: tuple[str | None, ...]) -> Settings:
    return Settings()


def workspace_dir(path: str | Path | None = None) -> Path:
    """The workspace folder: `path` if given, else `DIAFORGE_WORKSPACE`, else `data/workspace`; not created here."""
    return _resolved(str(path or settings().workspace), os.getcwd())


@lru_cache(maxsize=64)
def _resolved(path: str, _working_folder: str) -> Path:
    """The real path, looked up on disk once: a page asks for it many times a drawing."""
    return Path(path).expanduser().resolve()


def models_dir(workspace: Path) -> Path:
    """The folder that converted models are kept in; not created here."""
    return (settings().models or workspace / "models").expanduser().resolve()
