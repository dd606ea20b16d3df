"""The sides of a rollout and its critic, opened from what a run was told."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..conversation.assistants import Assistant, Teacher
from ..conversation.endpoint import Means
from ..conversation.model_specs import open_assistant
from ..records.dialogue import Dialogue
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Trace
from .recipe import Recipe
from .utcgen import UserFactory, play, scripted_user


@dataclass(frozen=True, slots=True)
class Agents:
    """Who plays the assistant and the user."""

    assistant: Assistant
    user: UserFactory

    def play(self, catalog: Catalog, scenario: Scenario, trial: int = 0) -> tuple[Trace, Dialogue]:
        """The trace of one scenario played once and its verified dialogue."""
        return play(catalog, scenario, self.assistant, self.user, trial)


def open_agents(recipe: Recipe, specs: Mapping[str, str], models_dir: Path, means: Means | None = None) -> Agents:
    """The agents of a recipe, weights loaded; `specs` gives the folder or address for each side of `recipe.models`.

    ModelError if one cannot be had. `means` is what the endpoints of one run share.
    """
    if "assistant" not in specs:
        return Agents(Teacher(), scripted_user)
    assistant = open_assistant(specs["assistant"], models_dir, means)
    assistant.spec = recipe.assistant
    return Agents(assistant, scripted_user)
