"""What a run will take."""

from __future__ import annotations

from pathlib import Path

from diaforge_core.training.estimate import steps_of
from diaforge_core.training.trainer import ToolCallingTrainer

from .factories import a_catalog, a_dialogue


def test_steps_are_those_of_the_trainer(tiny_llama_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    model = trainer.train([a_dialogue()] * 5, epochs=2, batch_size=2, out=tmp_path)
    assert model.steps == steps_of(5, 2, 2) == 6
    assert steps_of(5, 2, 2, max_steps=4) == 4
