"""Which encoder measures texts: the default, a sentence-transformers model from this machine, or one clear message."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from diaforge_core.catalog import encoders
from diaforge_core.catalog.embedding import embed, encoder_name, text_floor
from diaforge_core.catalog.encoders import HIGHEST_FLOOR, SENTENCE_TRANSFORMERS, encoder_of
from diaforge_core.catalog.mining import mine
from diaforge_core.catalog.neighbours import pair_closeness
from diaforge_core.errors import ModelError
from tests.factories import sales_tools

here = pytest.mark.skipif(
    importlib.util.find_spec("sentence_transformers") is None, reason="sentence-transformers is not installed"
)


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A sentence-transformers model of random weights, 16 wide, with a word-level vocabulary."""
    import torch
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer import modules as models
    from tokenizers import Tokenizer, pre_tokenizers
    from tokenizers import models as kinds
    from transformers import BertConfig, BertModel, PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("encoder")
    words = " ".join(tool.text for tool in sales_tools()).split()
    vocabulary = {word: place for place, word in enumerate(dict.fromkeys(["[PAD]", "[UNK]", *words]))}
    plain = Tokenizer(kinds.WordLevel(vocabulary, unk_token="[UNK]"))
    plain.pre_tokenizer = pre_tokenizers.WhitespaceSplit()  # pyright: ignore[reportAttributeAccessIssue]
    PreTrainedTokenizerFast(tokenizer_object=plain, pad_token="[PAD]", unk_token="[UNK]").save_pretrained(
        folder / "bert"
    )
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=len(vocabulary), hidden_size=16, num_hidden_layers=1, num_attention_heads=2, intermediate_size=16
    )
    BertModel(config).save_pretrained(folder / "bert")
    words_in = models.Transformer(str(folder / "bert"))
    SentenceTransformer(modules=[words_in, models.Pooling(16)], device="cpu").save(str(folder / "model"))
    return folder / "model"


def test_the_default_needs_no_setting():
    assert encoder_name() == "wordllama l2_supercat 256"
    assert text_floor() == 0.2


def test_an_unknown_encoder_says_what_there_is():
    with pytest.raises(ModelError, match=r"wordllama.*sentence-transformers:"):
        encoder_of("word2vec")


@here
def test_a_folder_of_a_model_measures_closeness(tiny_model: Path, monkeypatch: pytest.MonkeyPatch):
    tools = sales_tools()
    before = mine(tools, 3)
    monkeypatch.setenv("DIAFORGE_ENCODER", f"{SENTENCE_TRANSFORMERS}{tiny_model}")
    rows = embed([tool.text for tool in tools])
    assert rows.shape == (len(tools), 16)
    assert np.linalg.norm(rows, axis=1) == pytest.approx(1, abs=1e-5)
    assert str(tiny_model) in encoder_name()
    assert 0 <= text_floor() <= HIGHEST_FLOOR
    again = mine(tools, 3, before)
    assert again.nearest() == mine(tools, 3).nearest() != before.nearest()
    (first, close), *_ = again.nearest()[tools[0].name]
    other = next(tool for tool in tools if tool.name == first)
    assert pair_closeness(tools[0], other).total == close


@here
def test_other_weights_in_the_same_folder_are_another_encoder(tiny_model: Path):
    weights = next(tiny_model.rglob("*.safetensors"))
    before = encoders._fingerprint(str(tiny_model))
    weights.touch()
    assert encoders._fingerprint(str(tiny_model)) != before


@here
@pytest.mark.parametrize("name", ["nobody/no-such-model", "/no/such/folder"])
def test_a_model_that_is_not_here_is_one_clear_message(name: str):
    with pytest.raises(ModelError, match=r"cannot be loaded.*Give a folder"):
        encoder_of(f"{SENTENCE_TRANSFORMERS}{name}")


def test_a_missing_package_is_named_with_what_to_run(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(encoders.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ModelError, match="pip install sentence-transformers"):
        encoder_of(f"{SENTENCE_TRANSFORMERS}some/model")
