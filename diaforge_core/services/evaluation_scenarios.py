"""What an evaluation plays: scenarios of a dataset, of an earlier evaluation, or drawn from a catalog."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import Field

from ..conversation.assistants import Assistant
from ..conversation.constrained import decoding_as
from ..conversation.endpoint import Means
from ..conversation.model_specs import open_assistant
from ..conversation.scenarios import Choices, draw_scenarios
from ..conversation.worked_examples import with_worked_examples
from ..errors import DataError
from ..generator.recipe import Sharing
from ..records.dialogue import Dialogue
from ..records.run import Run
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Decoding

if TYPE_CHECKING:
    from .workspace import Workspace

Static = Literal["", "gold", "own"]
Prompt = Literal["plain", "examples"]


class EvalRecipe(Sharing):
    """Which model is to be evaluated, on which scenarios: of a dataset, of an earlier run, or drawn from a catalog."""

    model: str
    """Model spec."""
    run: str = ""
    """Name of the run, new in this workspace; by default made from the model."""
    scenarios: str = ""
    """Dataset whose scenarios are played; else new ones are drawn from `catalog`."""
    catalog: str = ""
    again: str = ""
    """Evaluation whose scenarios are played again, with their catalog as it is now."""
    holding: tuple[str, ...] = ()
    """Cleaned names of tools: only scenarios that need or offer one of them; empty for all."""
    static: Static = ""
    """Play the user's turns of stored dialogues instead of live ones; before each turn the model sees the dialogue's
    own (`gold`) or what it said itself (`own`)."""
    prompt: Prompt = "plain"
    """What the model reads before the conversation: the tools and what to do, or two worked examples besides."""
    decoding: Decoding = "free"
    """Whether a model on this machine writes as it likes, or is held to what the tools in view take."""
    count: int = Field(default=20, ge=1, le=10_000)
    """Scenarios at most."""
    trials: int = Field(default=1, ge=1, le=64)
    seed: int = Field(default=0, ge=0)

    @property
    def models(self) -> dict[str, str]:
        """Side → model spec."""
        return {"assistant": self.model}


@dataclass(frozen=True, slots=True)
class Played:
    """What a recipe comes to."""

    catalog: Catalog
    scenarios: Sequence[Scenario]
    dialogues: Sequence[Dialogue] = ()
    """Of a static evaluation."""
    dataset: str = ""
    """Where the scenarios were taken from, if from one."""


def under_test(
    recipe: EvalRecipe, model: str, models_dir: Path, means: Means | None = None, stop: Callable[[], bool] | None = None
) -> Assistant:
    """The recipe's assistant, under the spec that the user gave, with the recipe's prompt and decoding.

    `model` is the spec of the folder or address that the user's spec stands for.
    """
    found = open_assistant(model, models_dir, means, stop)
    if found.spec != recipe.model:
        found.spec = recipe.model
    found = with_worked_examples(found) if recipe.prompt == "examples" else found
    return decoding_as(recipe.decoding, found)


def under_test_as(recipe: Mapping[str, Any]) -> str:
    """The model of a stored recipe, and how it was asked and decoded where that is not the usual."""
    ways = [
        "worked examples" if recipe.get("prompt") == "examples" else "",
        decoding if (decoding := recipe.get("decoding", "free")) != "free" else "",
    ]
    told = ", ".join(filter(None, ways))
    return f"{recipe['model']} ({told})" if told else recipe["model"]


def evaluation_of(workspace: Workspace, run: str) -> Run:
    """The evaluation of this id or name; DataError if it is none, or not here."""
    record = workspace.jobs.get(run)
    if record.kind != "evaluate":
        raise DataError(f"Run '{record.name}' is a run of kind '{record.kind}', not an evaluation.")
    return record


def scenarios_of(workspace: Workspace, recipe: EvalRecipe) -> Played:
    """What a recipe comes to. Errors as in `Evaluation.start`."""
    if [bool(source) for source in (recipe.scenarios, recipe.catalog, recipe.again)].count(True) != 1:
        raise DataError(
            "Give either a dataset of scenarios (--scenarios), a catalog to draw them from (--catalog), or an "
            "evaluation to play again (--again)."
        )
    if recipe.static and (not recipe.scenarios or recipe.trials > 1):
        raise DataError(
            "A static evaluation plays the stored turns of a dataset's dialogues, once each. Name the dataset "
            "(--scenarios), and ask for one trial."
        )
    if recipe.scenarios:
        return _of_dataset(workspace, recipe)
    if recipe.again:
        return _of_run(workspace, recipe)
    catalog = workspace.catalogs.get(recipe.catalog)
    drawn = draw_scenarios(catalog, recipe.count, recipe.seed, Choices(bank="evaluation"))
    return Played(catalog, _some(drawn, recipe, f"drawn from '{recipe.catalog}'"))


def _of_dataset(workspace: Workspace, recipe: EvalRecipe) -> Played:
    dialogues = workspace.datasets.load(recipe.scenarios)
    by_scenario = {dialogue.scenario.id: dialogue for dialogue in dialogues}
    scenarios = _some((one.scenario for one in by_scenario.values()), recipe, f"of dataset '{recipe.scenarios}'")
    taken = [by_scenario[scenario.id] for scenario in scenarios]
    catalog = workspace.catalogs.of_dialogues(taken)
    return Played(catalog, scenarios, taken if recipe.static else (), recipe.scenarios)


def _of_run(workspace: Workspace, recipe: EvalRecipe) -> Played:
    """The scenarios of an earlier run, with the tools as their catalog has them now."""
    before = evaluation_of(workspace, recipe.again)
    old = workspace.jobs.folder(before.id).scenarios()
    if len({scenario.catalog for scenario in old}) > 1:
        raise DataError(
            f"Run '{before.name}' was played with several catalogs, so none of them can take the place of all. "
            "Evaluate on its dataset instead."
        )
    catalog = workspace.catalogs.get(old[0].catalog)
    now = (scenario.model_copy(update={"catalog_version": catalog.version}) for scenario in old)
    scenarios = _some(now, recipe, f"of run '{before.name}'")
    return Played(catalog, scenarios, dataset=before.config["recipe"].get("scenarios", ""))


def holds(scenario: Scenario, tools: Collection[str]) -> bool:
    """Whether a scenario needs or offers one of these tools."""
    return any(name in tools for name in (scenario.goal_tool, *scenario.candidates))


def _some(scenarios: Iterable[Scenario], recipe: EvalRecipe, where: str) -> list[Scenario]:
    """Those that the recipe takes, in order; DataError if there is none."""
    found = [scenario for scenario in scenarios if not recipe.holding or holds(scenario, recipe.holding)]
    if not found:
        wanted = f" needs or offers {' or '.join(map(repr, recipe.holding))}" if recipe.holding else ""
        raise DataError(f"No scenario {where}{wanted}: there is nothing to play. Choose another source of scenarios.")
    return found[: recipe.count]
