"""The sides of a rollout and its critic, opened from what a run was told."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..conversation.chat_models import ChatModel, in_flight_of
from ..conversation.critic import Critic, unjudged
from ..conversation.endpoint import Means
from ..conversation.local_model import LocalModel
from ..conversation.model_specs import open_assistant, open_model, parse_spec
from ..conversation.model_user import USER_TEMPERATURE, ModelUser
from ..conversation.rollout import User
from ..conversation.simulated_user import ScriptedUser
from ..conversation.view import Assistant
from ..conversation.worded import WORDING_TEMPERATURE, WordedAssistant, WordedUser, Worder
from ..errors import Unanswered
from ..records.dialogue import Dialogue
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool
from ..records.trace import Trace
from .recipe import Recipe
from .utcgen import UserFactory, play, scripted_user


@dataclass(frozen=True, slots=True)
class Agents:
    """Who plays the assistant and the user, and who judges what they say."""

    assistant: Assistant
    user: UserFactory
    critic: Critic | None = None
    in_flight: int = 1
    """Conversations that all models among them take well at the same time; 1 where none is asked."""

    def play(self, catalog: Catalog, scenario: Scenario, trial: int = 0) -> tuple[Trace, Dialogue]:
        """The trace of one scenario played once and its verified dialogue, judged by the critic if all else passed.

        A side that fails is data on the trace; RunStopped goes through.
        """
        trace, dialogue = play(catalog, scenario, self.assistant, self.user, trial)
        if self.critic is None or not dialogue.passed:
            return trace, dialogue
        try:
            verdict = self.critic.judge(dialogue, trial)
        except Unanswered as problem:
            verdict = unjudged(problem)
            trace = trace.model_copy(update={"unanswered": True, "error": str(problem)})
        return trace, dialogue.model_copy(update={"verdicts": (*dialogue.verdicts, verdict)})


def open_agents(
    recipe: Recipe,
    specs: Mapping[str, str],
    models_dir: Path,
    means: Means | None = None,
    stop: Callable[[], bool] | None = None,
) -> Agents:
    """The agents of a recipe, weights loaded; `specs` gives the folder or address for each side of `recipe.models`.

    ModelError if one cannot be had, DataError if money is limited and one has no price. `means` is what the endpoints
    of one run share; models on this machine end what they are at as Interrupted once `stop` says so. What is recorded
    of each side is the spec that the recipe gives.
    """
    opener = _Opener({**recipe.models, **specs}, models_dir, means, stop)
    assistant, worder = opener.assistant(), opener.worder(recipe.words)
    assistant.spec = recipe.assistant
    if worder and parse_spec(recipe.assistant).kind == "scripted":
        assistant = WordedAssistant(assistant, worder)
    critic = Critic(opener.model("critic"), recipe.critic) if recipe.critic else None
    user = opener.user(recipe, worder)
    return Agents(assistant, user, critic, in_flight_of(*opener.opened))


def is_endpoint(spec: str) -> bool:
    """Whether a model spec names a server."""
    return parse_spec(spec).kind == "openai"


class _Opener:
    """Opens each model once, however many sides it plays."""

    def __init__(
        self, specs: Mapping[str, str], models_dir: Path, means: Means | None, stop: Callable[[], bool] | None
    ) -> None:
        self.specs = specs
        self.opened: list[object] = []
        """Whoever may have to be waited for."""
        self._stop = stop
        self._models_dir = models_dir
        self._means = means
        self._local: dict[str, LocalModel] = {}

    def assistant(self) -> Assistant:
        found = open_assistant(self.specs["assistant"], self._models_dir, self._means, self._stop)
        self.opened.append(found)
        return found

    def model(self, side: str, temperature: float = 0.0) -> ChatModel:
        """The chat model of one side; weights that another side has loaded are shared."""
        spec = self.specs[side]
        if spec in self._local:
            return self._local[spec].at(temperature)
        found = open_model(spec, self._models_dir, self._means, temperature=temperature, stop=self._stop)
        self.opened.append(found)
        if isinstance(found, LocalModel):
            self._local[spec] = found
        return found

    def worder(self, spec: str) -> Worder | None:
        return Worder(self.model("words", WORDING_TEMPERATURE), spec) if spec else None

    def user(self, recipe: Recipe, worder: Worder | None) -> UserFactory:
        if "user" in recipe.models:
            model = self.model("user", USER_TEMPERATURE)

            def by_model(scenario: Scenario, tools: Sequence[Tool], trial: int) -> User:
                return ModelUser(model, recipe.user, scenario, tools, trial, votes=recipe.votes)

            return by_model
        if worder is None:
            return scripted_user

        def by_words(scenario: Scenario, tools: Sequence[Tool], trial: int) -> User:
            return WordedUser(ScriptedUser(scenario, tools, trial), worder, scenario, tools, trial)

        return by_words
