"""What a model spec such as `smollm2` or `hf:DIR` means: parsed, found on this machine, opened as an assistant."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal
from urllib.parse import urlsplit

from ..errors import ModelError
from . import smollm2
from .prompts import RENDERING
from .renderings import is_known

if TYPE_CHECKING:
    from .chat_models import ChatModel
    from .endpoint import Means
    from .view import Assistant

SpecKind = Literal["scripted", "smollm2", "hf", "hub", "openai", "run"]
SCRIPTED: tuple[str, ...] = ("oracle", "plain", "eager", "cautious", "random", "first", "central", "nearest")
NOTES_FILE = "diaforge.json"
"""Beside a tuned model's weights: the rendering it was tuned on and whether earlier thoughts stay in the history."""
_WRITES_TEXT = ("ForCausalLM", "ForConditionalGeneration", "LMHeadModel")
"""Endings of the architectures that go on with a text."""
_FORMS = (
    f"scripted:{'|'.join(SCRIPTED)}, smollm2, {smollm2.TUNED} (the adapter that comes with the project), hf:DIR (a "
    "model folder or a PEFT adapter), run:NAME[@STEP], "
    "openai:MODEL@BASE_URL (several servers with commas between them; add #native for their own tool calling)"
)


@dataclass(frozen=True, slots=True)
class ModelSpec:
    """A model spec taken apart."""

    text: str
    """As it was written."""
    kind: SpecKind
    name: str
    """Policy, folder, hub name, run name or the server's model name."""
    base_url: str = ""
    """Address of an OpenAI-compatible server, or those of several with commas; empty means OpenAI's own."""
    native: bool = False
    """Whether tools go through the server's own tool calling instead of our prompt."""
    step: int | None = None
    """Checkpoint of a run; None means its end."""


@dataclass(frozen=True, slots=True)
class ModelFolders:
    """Where a local model lies."""

    base: Path
    adapter: Path | None
    base_name: str
    """What an adapter made from it names as its base: `smollm2` where it is that, so that it works anywhere."""
    keep_thoughts: bool = False
    """Whether the model was tuned with earlier thoughts in the history."""
    rendering: str = ""
    """Name of the rendering that the model was tuned on; empty for a model that was not tuned here."""


def known_specs() -> tuple[str, ...]:
    """The specs that need no name of the user's own, scripted ones first."""
    tuned = (smollm2.TUNED,) if smollm2.has_tuned() else ()
    return (*(f"scripted:{name}" for name in SCRIPTED), smollm2.NAME, *tuned)


def parse_spec(text: str) -> ModelSpec:
    """The spec taken apart; nothing is looked up. ModelError that lists the forms if it is none of them."""
    text = text.strip()
    kind, _, rest = text.partition(":")
    if text == smollm2.NAME:
        return ModelSpec(text, "smollm2", text)
    if text == smollm2.TUNED:
        return ModelSpec(text, "hf", str(smollm2.TUNED_FOLDER))
    if kind == "scripted" and rest in SCRIPTED:
        return ModelSpec(text, "scripted", rest)
    if kind == "hf" and rest:
        return ModelSpec(text, "hf", rest)
    if kind == "run" and rest:
        return _run_spec(text, rest)
    if kind == "openai" and rest:
        return _openai_spec(text, rest)
    if ":" not in text and text and (os.path.isdir(os.path.expanduser(text)) or text.startswith((".", "/", "~"))):
        return ModelSpec(text, "hf", text)
    if ":" not in text and text.count("/") == 1 and " " not in text:
        return ModelSpec(text, "hub", text)
    raise ModelError(f"'{text}' is not a model spec. Use one of: {_FORMS}.")


def _run_spec(text: str, rest: str) -> ModelSpec:
    name, _, step = rest.partition("@")
    if step and not step.isdecimal():
        raise ModelError(f"'{text}' names no checkpoint: after '@' comes a step number, as in run:{name}@40.")
    return ModelSpec(text, "run", name, step=int(step) if step else None)


def _openai_spec(text: str, rest: str) -> ModelSpec:
    rest, _, flag = rest.partition("#")
    if flag not in ("", "native"):
        raise ModelError(f"'{text}' ends in '#{flag}'. Only '#native' (the server's own tool calling) is known there.")
    name, at, address = rest.rpartition("@http")
    name, base_url = (name, f"http{address}") if at else (rest, "")
    addresses = base_url.split(",") if base_url else []
    if not name or not all(address.strip().startswith(("http://", "https://")) for address in addresses):
        raise ModelError(
            f"'{text}' is not complete. Write openai:MODEL@BASE_URL, such as openai:qwen3@http://localhost:8000/v1."
        )
    if any(urlsplit(address).username is not None or urlsplit(address).query for address in addresses):
        # The spec stands in run folders, traces and exports, so a key in it would too; nor is it repeated here.
        raise ModelError(
            f"The address of the model '{name}' holds a user, a password or a query, which would be stored with every "
            "run. Give the plain address and set the key in DIAFORGE_API_KEY."
        )
    return ModelSpec(text, "openai", name, base_url=base_url, native=flag == "native")


def local_folder(spec: ModelSpec) -> Path:
    """The folder of an `hf:DIR` spec; ModelError if it is not there or holds no weights that are safe to load."""
    folder = Path(spec.name).expanduser().resolve()
    if spec.text == smollm2.TUNED and not smollm2.has_tuned():
        raise ModelError(
            f"This copy of the project comes without the adapter of `{spec.text}`: {folder} is not there. Get it, or "
            f"use `{smollm2.NAME}`."
        )
    if not os.path.isdir(folder):
        raise ModelError(f"There is no model folder at {folder}. Give the folder of a model or of an adapter: hf:DIR.")
    if not (folder / "adapter_config.json").is_file():
        _check_folder(folder, str(folder))
    elif not (folder / "adapter_model.safetensors").is_file():
        raise ModelError(f"The adapter in {folder} has no adapter_model.safetensors. Pickled weights are not loaded.")
    return folder


def locate(spec: ModelSpec, models_dir: Path) -> ModelFolders:
    """The folders of a local model; the small model is converted into `models_dir` on first use.

    ModelError if it is not on this machine (nothing is ever downloaded) or cannot be loaded safely.
    """
    if spec.kind == "smollm2":
        return ModelFolders(smollm2.ensure_smollm2(models_dir), None, smollm2.NAME)
    if spec.kind == "hub":
        folder = _cached_hub_folder(spec.name)
        _check_folder(folder, spec.name)
        return ModelFolders(folder, None, spec.name)
    if spec.kind != "hf":
        raise ModelError(f"'{spec.text}' has no weights on this machine. Name a local model: smollm2 or hf:DIR.")
    folder = local_folder(spec)
    notes = _notes(folder)
    if not (folder / "adapter_config.json").is_file():
        return ModelFolders(folder, None, str(folder), *notes)
    base = locate(_base_of(folder), models_dir)
    if base.adapter is not None:
        raise ModelError(f"The adapter in {folder} stands on another adapter, {base.adapter}. Merge that one first.")
    return ModelFolders(base.base, folder, base.base_name, *notes)


def _base_of(adapter: Path) -> ModelSpec:
    """The spec of the model that the adapter in this folder belongs to."""
    name = str(_read_json(adapter / "adapter_config.json").get("base_model_name_or_path") or "")
    try:
        return parse_spec(name)
    except ModelError as problem:
        raise ModelError(f"The adapter in {adapter} names '{name}' as its base model, which is not here.") from problem


def _notes(folder: Path) -> tuple[bool, str]:
    """Whether the tuned model in the folder keeps thoughts, and its rendering; ModelError if that is not known."""
    if not (folder / NOTES_FILE).is_file():
        return False, ""
    notes = _read_json(folder / NOTES_FILE)
    rendering = str(notes.get("rendering", RENDERING))
    if not is_known(rendering):
        raise ModelError(
            f"The model in {folder} was tuned on the rendering '{rendering}'; this version writes '{RENDERING}'. "
            "Tune it again."
        )
    return bool(notes.get("keep_thoughts", False)), rendering


def _read_json(file: Path) -> dict[str, Any]:
    try:
        value = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise ModelError(f"{file} cannot be read: {problem}. The model folder is damaged or not complete.") from problem
    return value if isinstance(value, dict) else {}


def _check_folder(folder: Path, name: str) -> None:
    """ModelError unless the folder is a transformers model that loads without running foreign code."""
    if not (folder / "config.json").is_file():
        raise ModelError(f"'{name}' is not a model folder: it has no config.json. Give the folder that holds it.")
    config = _read_json(folder / "config.json")
    if "auto_map" in config:
        raise ModelError(
            f"The model '{name}' wants to run its own Python code, which is not done. Choose another model."
        )
    kinds = [str(kind) for kind in config.get("architectures") or ()]
    if kinds and not any(kind.endswith(_WRITES_TEXT) for kind in kinds):
        raise ModelError(
            f"The model '{name}' is a {', '.join(kinds)}, which does not write text. Choose a causal language model."
        )
    if not any(folder.glob("*.safetensors")):
        raise ModelError(
            f"The model '{name}' has no *.safetensors weights in {folder}. Pickled weights (*.bin, *.pt) are not "
            "loaded, as they can run code; convert them to safetensors."
        )


def _cached_hub_folder(name: str) -> Path:
    """The folder of a hub model that was downloaded to this machine before; ModelError if it was not."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        found = try_to_load_from_cache(name, "config.json")
    except HFValidationError:
        found = None
    if isinstance(found, str):
        return Path(found).parent
    raise ModelError(
        f"The model '{name}' is not on this machine, and models are never downloaded by themselves. Use the small "
        f"model that comes along, `smollm2`; or a model folder that you have, `hf:DIR`; or fetch this one yourself "
        f"with `hf download {name}` and try again."
    )


def open_assistant(
    spec: str, models_dir: Path, means: Means | None = None, stop: Callable[[], bool] | None = None
) -> Assistant:
    """The assistant of this spec, ready to act; weights are loaded here. ModelError if it cannot be had.

    `means` is what the endpoints of one run share; a model on this machine needs none, and ends what it is at as
    Interrupted once `stop` says so.
    """
    from .chat_models import ModelAssistant
    from .local_model import LocalModel

    parsed = parse_spec(spec)
    if parsed.kind == "scripted":
        from .assistants import scripted_assistant

        return scripted_assistant(parsed.text)
    model = open_model(spec, models_dir, means, stop=stop)
    keeps = parsed.kind != "openai" and locate(parsed, models_dir).keep_thoughts
    native = model.rendering.native if isinstance(model, LocalModel) else parsed.native
    return ModelAssistant(model, spec=spec, native=native, keep_thoughts=keeps)


def open_model(
    spec: str,
    models_dir: Path,
    means: Means | None = None,
    *,
    temperature: float = 0.0,
    stop: Callable[[], bool] | None = None,
) -> ChatModel:
    """The chat model of this spec, its weights loaded; ModelError if it cannot be had or is none.

    `means` and `stop` as for `open_assistant`; a temperature above zero draws its words by each request's seed.
    """
    parsed = parse_spec(spec)
    if parsed.kind == "scripted":
        raise ModelError(f"'{spec}' is a script and no chat model. Name a model: smollm2, hf:DIR or openai:MODEL@URL.")
    if parsed.kind == "run":
        raise ModelError(f"'{spec}' is a run of a workspace: name it to the workspace's own commands, or give hf:DIR.")
    if parsed.kind == "openai":
        from .chat_models import OpenAIModel

        return OpenAIModel(parsed.name, parsed.base_url, temperature=temperature, means=means)
    from .local_model import LocalModel

    folders = locate(parsed, models_dir)
    model = LocalModel(folders.base, adapter=folders.adapter, temperature=temperature, rendering=folders.rendering)
    model.writer.should_stop = stop
    return model
