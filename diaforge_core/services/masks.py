"""What the trainer sees of one dialogue, and what of it is learned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..errors import DataError
from ..store import dialogues as table
from .kept import Kept
from .model_tasks import run_model_task
from .training import TrainRecipe

if TYPE_CHECKING:
    from .workspace import Workspace

MOST = 50
"""Previews that are kept."""
_DECIDES = ("loss_mask", "keep_thoughts", "without_thoughts", "rendering")
"""What of a recipe decides over the text of a dialogue."""


@dataclass(frozen=True, slots=True)
class Mask:
    """One dialogue as the trainer sees it."""

    dialogue: str
    """Its id."""
    number: int
    """Its place among those that are trained on, from 1."""
    pieces: Sequence[tuple[str, bool]]
    """Its text in reading order, each piece with whether it is learned."""
    tokens: int
    """Tokens that the model reads of it in one pass."""
    target_tokens: int
    """Tokens of it in the loss."""


class Masks:
    """Previews of one workspace's training data."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._made: Kept[Mask] = Kept(MOST)

    def ids(self, dataset: str) -> list[str]:
        """Ids of the dialogues that a run over the dataset trains on, in its order."""
        rows = self._workspace.database.rows(
            f"SELECT m.dialogue FROM {table.SOURCE} WHERE m.dataset = ? AND d.passed AND h.state <> 'rejected' "
            "ORDER BY m.position",
            [dataset],
        )
        return [row[0] for row in rows]

    def preview(self, recipe: TrainRecipe, which: str = "1") -> Mask:
        """The dialogue with this number, or whose id begins like this; a short process reads it with the tokenizer.

        DataError if there is none, or more than one.
        """
        ids = self.ids(recipe.dataset)
        number = _place(ids, which.strip())
        dialogue = self._workspace.review.get(ids[number]).dialogue
        model = self._workspace.models.resolve(recipe.model)
        how = {name: getattr(recipe, name) for name in _DECIDES}

        def made() -> Mask:
            tools = self._workspace.review.tools(dialogue)
            given = {
                "model": model,
                "models_dir": str(self._workspace.models_dir),
                "dialogue": dialogue.model_dump(mode="json"),
                "tools": [tool.model_dump(mode="json") for tool in tools],
            }
            answer = run_model_task("mask", given | how)
            pieces = [(text, learned) for text, learned in answer["pieces"]]
            return Mask(dialogue.id, number + 1, pieces, answer["tokens"], answer["target_tokens"])

        return self._made.get((dialogue.id, dialogue.version, model, number, *how.values()), made)


def _place(ids: Sequence[str], which: str) -> int:
    """Place of the dialogue meant, from 0."""
    if which.isdecimal() and 1 <= int(which) <= len(ids):
        return int(which) - 1
    found = [place for place, dialogue in enumerate(ids) if which and dialogue.startswith(which)]
    if len(found) == 1:
        return found[0]
    if found:
        raise DataError(f"{len(found)} dialogues have an id that begins with '{which[:40]}'. Give more of it.")
    raise DataError(f"There is no dialogue '{which[:40]}'. Give a number from 1 to {len(ids)}, or the start of an id.")
