"""Shards of a generate run: each made from the run folder and its number alone, by whichever process has time.

They are put where every process of the run can reach them: in the run's own folder, or at any address that fsspec
knows. The run's worker takes them from there into its rows, in order.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Generator, Mapping
from concurrent.futures import Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil

from ..conversation.in_flight import in_turn
from ..conversation.model_specs import parse_spec
from ..errors import DataError
from ..generator.agents import open_agents
from ..generator.recipe import Recipe
from ..generator.shards import make, shard_of, shards_left
from ..records.tool import Catalog
from ..store.run_folder import RunFolder, line_of
from .shelf import Shelf

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


@dataclass(frozen=True, slots=True)
class ShardSource:
    """All that shards are made of; it can be sent to another machine."""

    recipe: Recipe
    catalog: Catalog
    specs: dict[str, str]
    """Side → the folder or address that its model spec stands for."""
    models_dir: Path
    address: str
    """Where shards are put: a folder, or anything that fsspec knows."""

    @classmethod
    def of(cls, folder: RunFolder) -> ShardSource:
        """That of a run folder; DataError if it is none."""
        config = folder.config()
        recipe = Recipe.model_validate(config["recipe"])
        own = str(folder.path / FOLDER)
        address = f"{recipe.shards.rstrip('/')}/{config.get('id', folder.path.name)}" if recipe.shards else own
        return cls(recipe, folder.catalog(), specs_of(config), Path(config["models_dir"]), address)


class ShardMaker:
    """Makes the shards of one run; catalog, encoder and models are loaded once."""

    def __init__(self, source: ShardSource, check: Callable[[], None] = lambda: None) -> None:
        """`check` is called before each row; what it raises ends the shard."""
        self.source = source
        self.shelf = Shelf(source.address)
        self._agents = open_agents(source.recipe, source.specs, source.models_dir)
        self._check = check

    def bytes_of(self, number: int) -> bytes:
        """The rows of this shard, a line each: the same on any machine, in any process, at any time."""
        source, lines = self.source, []
        for made in make(source.catalog, source.recipe, self._agents, shard_of(source.recipe.count, number)):
            self._check()
            lines.append(line_of(made.row()))
        return b"".join(lines)

    def fill(self, number: int) -> int:
        """The number of this shard, once it is on the shelf."""
        self._check()
        if not self.shelf.has(number):
            self.shelf.put(number, self.bytes_of(number))
        return number


def make_shard(folder: Path, number: int) -> bytes:
    """The rows of one shard of the run in this folder: a pure function of the two."""
    return ShardMaker(ShardSource.of(RunFolder(folder))).bytes_of(number)


def shard_rows(
    folder: RunFolder, source: ShardSource, done: int, check: Callable[[], None]
) -> Generator[list[dict[str, Any]]]:
    """The rows of each shard from scenario number `done` on, in order; made by processes or by Ray.

    `check` is called while a shard is waited for, and what it raises ends the work. A shard in the run's own folder
    is taken away once the next is asked for. DataError where shards cannot be made or read.
    """
    count, own = source.recipe.count, not source.recipe.shards
    shelf, left = Shelf(source.address), shards_left(count, done)
    shelf.clear_unfinished()
    if own and left.start:
        shelf.remove(left.start - 1)  # killed after its rows were taken in
    with _crew(folder, source, processes_for(source.recipe, count - done, len(source.catalog.tools))) as crew:
        for number in in_turn(crew.begin, left, crew.ahead, check):
            numbers = shard_of(count, number)
            lines = _whole(shelf, number, len(numbers))
            yield [json.loads(line) for line in lines[max(0, done - numbers.start) :]]
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
    parts = urlsplit(recipe.shards)
    if parts.username is not None or parts.password is not None or parts.query:
        # The address stands in the run folder, so a secret in it would too; nor is it repeated here.
        raise DataError(
            "The address of the shards holds a user, a password or a query, which would be stored with the run. Give "
            "the plain address and set the secrets in the environment."
        )


def processes_for(recipe: Recipe, scenarios: int, tools: int = 0) -> int:
    """How many processes play so many scenarios of a catalog with so many tools.

    1 where models are asked, which are waited for or fill the machine; else what the recipe says, or as many as there
    are cores, work and memory for.
    """
    if asks_model(recipe.models):
        return 1
    shards = max(1, len(shards_left(recipe.count, recipe.count - scenarios)))
    worth = WORTH_A_PROCESS + tools // TOOLS_LIKE_A_SCENARIO
    fitting = psutil.virtual_memory().available // (PROCESS_BYTES + TOOL_BYTES * tools)
    wanted = recipe.workers or min(_cores(), MOST_PROCESSES, fitting, -(-scenarios // worth))
    return max(1, min(wanted, shards))


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
