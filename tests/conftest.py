"""What all tests share: an offline, single-threaded, quiet environment, and the models that several tests load."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from .stub_server import Reply, Script, StubServer

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
MODELS = Path(__file__).resolve().parent.parent / ".cache" / "models"
os.environ.setdefault("DIAFORGE_MODELS", str(MODELS))
"""One converted model for all tests, kept between runs of the suite."""


@pytest.fixture(scope="session")
def models_dir() -> Path:
    """The folder of models that tests share."""
    return Path(os.environ["DIAFORGE_MODELS"])


@pytest.fixture(scope="session")
def smollm2_dir(models_dir: Path) -> Path:
    """The real SmolLM2-135M, converted once."""
    from diaforge_core.conversation.smollm2 import ensure_smollm2

    return ensure_smollm2(models_dir)


@pytest.fixture(scope="session")
def tokenizer(smollm2_dir: Path) -> Any:
    """SmolLM2's own."""
    from diaforge_core.conversation.local_model import load_tokenizer

    return load_tokenizer(smollm2_dir)


@pytest.fixture(scope="session")
def constraint(tokenizer: Any) -> Any:
    """What holds SmolLM2 to tools."""
    from diaforge_core.conversation.constrained import Constraint

    from .held_writing import VOCABULARY

    return Constraint(tokenizer, VOCABULARY)


@pytest.fixture(scope="session")
def tiny_llama_dir(smollm2_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random two-layer Llama in float32 with SmolLM2's tokenizer: same code paths, milliseconds a step."""
    import torch
    from transformers import AutoTokenizer, LlamaConfig, LlamaForCausalLM

    folder = tmp_path_factory.mktemp("models") / "tiny-llama"
    tokenizer = AutoTokenizer.from_pretrained(smollm2_dir)
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture
def serve() -> Iterator[Callable[..., StubServer]]:
    """Starts stub servers, from replies in order or from one script."""
    servers: list[StubServer] = []

    def start(*replies: Reply, script: Script | None = None) -> StubServer:
        servers.append(StubServer(script or replies))
        return servers[-1]

    yield start
    for server in servers:
        server.close()
