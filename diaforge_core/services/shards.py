"""Shards of a run: each made from the run folder and its number alone, by whichever process has time.

They are put where every process of the run can reach them: in the run's own folder, or at any address that fsspec
knows. The run's worker takes them from there into its rows, in order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import urlsplit

import psutil

from ..conversation.in_flight import in_turn
from ..conversation.model_specs import parse_spec
from ..errors import DataError
from ..generator.agents import is_endpoint, open_agents
from ..generator.recipe import Recipe, Sharing
from ..generator.shards import make, shard_of, shards_left
from ..records.scenario import Scenario
from ..records.tool import Catalog
from ..records.trace import Trace
from ..store.run_folder import RunFolder, line_of
from .evaluation_scenarios import EvalRecipe, under_test
from .shelf import Shelf

if TYPE_CHECKING:
    from ..conversation.assistants import Assistant

FOLDER = "shards"
MOST_PROCESSES = 8
"""Taken without being asked for: each holds a catalog and an encoder of its own."""
WORTH_A_PROCESS = 250
"""Scenarios that take a core longer than a process takes to start."""
TOOLS_LIKE_A_SCENARIO = 10
"""Tools that a process reads and compares at its start in the time of one scenario."""
PROCESS_BYTES, TOOL_BYTES = 200 << 20, 50 << 10
"""What a process takes, and what each tool of its catalog adds; measured up to 28,000 tools."""
AHEAD = 3
"""Shards begun for each process before the oldest is whole."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Who makes shards, here or elsewhere."""

    begin: Callable[[int], Future[int]]
    """Begins a shard; what comes back is its number, once it is on the shelf."""
    ahead: int
    """Shards to have begun before the oldest is whole, so that nobody idles."""


class ShardSource(Protocol):
    """All that the shards of a run are made of; it can be sent to another machine."""

    @property
    def address(self) -> str:
        """Where shards are put: a folder, or anything that fsspec knows."""
        ...

    @property
    def recipe(self) -> Sharing: ...

    @property
    def count(self) -> int:
        """Rows of the whole run."""
        ...

    def processes(self, rows: int) -> int:
        """How many processes of this machine suit so many rows."""
        ...

    @property
    def computes(self) -> bool:
        """Whether a process fills an accelerator where there is one."""
        ...

    def opened(self) -> Callable[[range], Iterator[dict[str, Any]]]:
        """What makes the rows of these numbers, in order; catalog, encoder and models are loaded now."""
        ...


@dataclass(frozen=True, slots=True)
class DialogueShards:
    """Those of a generation: scenarios drawn from a recipe and played."""

    recipe: Recipe
    catalog: Catalog
    specs: dict[str, str]
    """Side → the folder or address that its model spec stands for."""
    models_dir: Path
    address: str

    @classmethod
    def of(cls, folder: RunFolder) -> DialogueShards:
        """Those of a generation's folder; DataError if it is none."""
        config = folder.config()
        recipe = Recipe.model_validate(config["recipe"])
        where = _address(folder, recipe)
        return cls(recipe, folder.catalog(), specs_of(config), Path(config["models_dir"]), where)

    @property
    def count(self) -> int:
        return self.recipe.count

    @property
    def computes(self) -> bool:
        return False

    def processes(self, rows: int) -> int:
        return processes_for(self.recipe, rows, len(self.catalog.tools))

    def opened(self) -> Callable[[range], Iterator[dict[str, Any]]]:
        agents = open_agents(self.recipe, self.specs, self.models_dir)
        return lambda numbers: (made.row() for made in make(self.catalog, self.recipe, agents, numbers))


@dataclass(frozen=True, slots=True)
class EpisodeShards:
    """Those of an evaluation: scenarios in their order, each with its trials."""

    recipe: EvalRecipe
    catalog: Catalog
    scenarios: tuple[Scenario, ...]
    model: str
    """The folder that the recipe's model spec stands for, as a spec."""
    models_dir: Path
    address: str

    @classmethod
    def of(cls, folder: RunFolder) -> EpisodeShards:
        """Those of an evaluation's folder; DataError if it is none."""
        config = folder.config()
        recipe = EvalRecipe.model_validate(config["recipe"])
        scenarios, models_dir = tuple(folder.scenarios()), Path(config["models_dir"])
        return cls(recipe, folder.catalog(), scenarios, config["model"], models_dir, _address(folder, recipe))

    @property
    def plan(self) -> list[tuple[str, int]]:
        """Scenario and trial of each row."""
        return [(scenario.id, trial) for scenario in self.scenarios for trial in range(self.recipe.trials)]

    @property
    def count(self) -> int:
        return len(self.scenarios) * self.recipe.trials

    def processes(self, rows: int) -> int:
        return processes_for(self.recipe, rows, len(self.catalog.tools))

    @property
    def computes(self) -> bool:
        return asks_model(self.recipe.models)

    def opened(self) -> Callable[[range], Iterator[dict[str, Any]]]:
        assistant = under_test(self.recipe, self.model, self.models_dir)
        return lambda numbers: ({"trace": one.model_dump(mode="json")} for one in self._played(assistant, numbers))

    def _played(self, assistant: Assistant, numbers: range) -> Iterator[Trace]:
        from ..evaluation.evaluator import evaluate_scenarios

        trials = self.recipe.trials
        scenarios = self.scenarios[numbers.start // trials : -(-numbers.stop // trials)]
        # The first and the last scenario may have trials in a neighbouring shard.
        first = numbers.start // trials * trials
        around = [number for number in range(first, first + len(scenarios) * trials) if number not in numbers]
        skip = {(self.scenarios[number // trials].id, number % trials) for number in around}
        how = {"trials": trials, "seed": self.recipe.seed, "skip": skip}
        return evaluate_scenarios(self.catalog, scenarios, assistant, **how)


def source_of(folder: RunFolder) -> DialogueShards | EpisodeShards:
    """That of a run folder; DataError if it is none."""
    return (EpisodeShards if folder.config()["kind"] == "evaluate" else DialogueShards).of(folder)


def _address(folder: RunFolder, recipe: Sharing) -> str:
    """Where a run's shards are put."""
    own = str(folder.path / FOLDER)
    return f"{recipe.shards.rstrip('/')}/{folder.config().get('id', folder.path.name)}" if recipe.shards else own


class ShardMaker:
    """Makes the shards of one run; catalog, encoder and models are loaded once."""

    def __init__(self, source: ShardSource, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called before each row; what it raises ends the shard."""
        self.source = source
        self.shelf = Shelf(source.address)
        self._rows = source.opened()
        self._check = check

    def bytes_of(self, number: int) -> bytes:
        """The rows of this shard, a line each. Of a generation they are the same on any machine, at any time; of an
        evaluation all but the seconds that were taken."""
        lines = []
        for row in self._rows(shard_of(self.source.count, number)):
            self._check()
            lines.append(line_of(row))
        return b"".join(lines)

    def fill(self, number: int) -> int:
        """The number of this shard, once it is on the shelf."""
        self._check()
        if not self.shelf.has(number):
            self.shelf.put(number, self.bytes_of(number))
        return number


def make_shard(folder: Path, number: int) -> bytes:
    """The rows of one shard of the run in this folder: a pure function of the two."""
    return ShardMaker(source_of(RunFolder(folder))).bytes_of(number)


def shard_rows(
    folder: RunFolder, source: ShardSource, left: Sequence[int], check: Callable[[], None]
) -> Generator[tuple[int, list[dict[str, Any]]]]:
    """Each of the shards that are left, with the number of its first row; made by processes or by Ray.

    `check` is called while a shard is waited for, and what it raises ends the work. A shard in the run's own folder
    is taken away once the next is asked for. DataError where shards cannot be made or read.
    """
    count, own = source.count, not source.recipe.shards
    shelf = Shelf(source.address)
    shelf.clear_unfinished()
    if own:
        for number in {*shards_left(count, 0)} - {*left}:
            shelf.remove(number)  # killed after its rows were taken in
    rows = sum(len(shard_of(count, number)) for number in left)
    with _crew(folder, source, source.processes(rows)) as crew:
        for number in in_turn(crew.begin, left, crew.ahead, check):
            numbers = shard_of(count, number)
            yield numbers.start, [json.loads(line) for line in _whole(shelf, number, len(numbers))]
            if own:
                shelf.remove(number)


def check_recipe(recipe: Recipe) -> None:
    """DataError where a run could not be done as the recipe wants it: a side that no script plays, a secret address."""
    for side, spec in recipe.models.items():
        if side != "assistant" and parse_spec(spec).kind == "scripted":
            raise DataError(
                f"'{spec}' plays the assistant only; {side} cannot be played by it. Name a model, or leave it out."
            )
    if recipe.engine == "ray" and asks_model(recipe.models):
        raise DataError(
            "Ray spreads dialogues that scripts play. Those that ask a model wait for its server, and one process "
            "keeps 256 of them waiting: take the engine 'local'."
        )
    check_sharing(recipe)


def check_evaluation(recipe: EvalRecipe) -> None:
    """DataError where an evaluation cannot be spread as the recipe wants it."""
    if recipe.engine == "ray" and is_endpoint(recipe.model):
        raise DataError(
            "Ray spreads models that compute. One that a server answers for waits for it, and one process keeps 256 "
            "conversations waiting: take the engine 'local', and name more servers if one is not enough."
        )
    if recipe.engine == "ray" and recipe.static:
        raise DataError("A static evaluation is played by one process: take the engine 'local'.")
    check_sharing(recipe)


def check_sharing(recipe: Sharing) -> None:
    """DataError for an address of shards with a secret in it."""
    parts = urlsplit(recipe.shards)
    if parts.username is not None or parts.password is not None or parts.query:
        # The address stands in the run folder, so a secret in it would too; nor is it repeated here.
        raise DataError(
            "The address of the shards holds a user, a password or a query, which would be stored with the run. Give "
            "the plain address and set the secrets in the environment."
        )


def processes_for(recipe: Recipe | EvalRecipe, rows: int, tools: int = 0) -> int:
    """How many processes play so many scenarios over a catalog with so many tools.

    1 where models are asked, which are waited for or fill the machine; else what the recipe says, or as many as there
    are cores, work and memory for.
    """
    if asks_model(recipe.models):
        return 1
    worth = WORTH_A_PROCESS + tools // TOOLS_LIKE_A_SCENARIO
    fitting = psutil.virtual_memory().available // (PROCESS_BYTES + TOOL_BYTES * tools)
    wanted = recipe.workers or min(_cores(), MOST_PROCESSES, fitting, -(-rows // worth))
    return max(1, min(wanted, len(shards_left(rows, 0))))


def asks_model(specs: Mapping[str, str]) -> bool:
    """Whether any side is played by a model and not by a script."""
    return any(not spec.startswith("scripted:") for spec in specs.values())


def specs_of(config: dict[str, Any]) -> dict[str, str]:
    """Side → the folder or address that its model spec stands for, of a run's configuration."""
    return config.get("models") or {"assistant": config["model"]}


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _whole(shelf: Shelf, number: int, rows: int) -> list[bytes]:
    """The lines of a shard; DataError if it did not come, or not as it was made."""
    content = shelf.get(number)
    if content is None:
        raise DataError(
            f"Shard {number} did not come to {shelf.address}. Give an address that all machines of the run reach."
        )
    lines = content.splitlines(keepends=True)
    if len(lines) != rows:
        shelf.remove(number)
        raise DataError(f"Shard {number} at {shelf.address} is not as it was put there. Resume to make it anew.")
    return lines


def _crew(folder: RunFolder, source: ShardSource, processes: int) -> AbstractContextManager[Crew]:
    if source.recipe.engine == "ray":
        from .ray_engine import ray_tasks

        return ray_tasks(source, processes)
    from .local_pool import local_processes

    return local_processes(folder.path, processes)
