"""Live conversations with `smollm2`, 64 episodes: ours against `generate()` one by one and in lock-step batches.

Each episode has the JSON of six candidates before it (about 1,500 tokens), the words that a scripted user says, and
three turns of 90 tokens, no more and no less, so that all sides do the same work. Both peers are transformers'
`generate()` as it is called for a conversation: the whole history again each turn, alone or in a left-padded batch.
What the sides write is compared first; greedy, in float32 (bfloat16 on a GPU that has it).
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from transformers import AutoModelForCausalLM

from benchmarks.timing import report
from diaforge_core.catalog.importing import load_catalog
from diaforge_core.conversation.in_flight import in_order
from diaforge_core.conversation.local_model import LocalModel, best_device, half_precision
from diaforge_core.conversation.prompts import END, encode_control, encode_data, encode_message, header, native_tool
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.conversation.smollm2 import ensure_smollm2
from diaforge_core.conversation.turn_writer import Asked, TurnWriter
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog
from diaforge_core.settings import models_dir, workspace_dir

EPISODES, TURNS, WRITTEN, CANDIDATES = 64, 3, 90, 6
BLOCK = (1350, 1650)
"""Tokens that the JSON of the candidates takes."""
FEW = 8
"""Episodes played one by one, evenly among all: each takes as long as it would with the others before it."""
BATCHES = {"cpu": (8, 16), "cuda": (64,)}
"""Sizes of the lock-step batches; one of each size is played, and the fastest counts."""
TIMES_ONE, TIMES_BATCH, TIMES_BATCH_CUDA = 4, 2, 5


@dataclass(frozen=True, slots=True)
class Episode:
    """One conversation as tokens."""

    opening: list[int]
    """Up to the header of the first turn."""
    between: tuple[list[int], ...]
    """From the end of each turn to the header of the next."""


@dataclass(slots=True)
class Side:
    """What one side wrote and what it took."""

    written: dict[int, list[int]] = field(default_factory=dict)
    """Number of the episode → the tokens of its turns, one after the other."""
    seconds: float = 0.0
    cpu: float = 0.0

    @property
    def each(self) -> float:
        """Wall-clock seconds an episode."""
        return self.seconds / len(self.written)

    @property
    def cpu_each(self) -> float:
        """Processor seconds an episode."""
        return self.cpu / len(self.written)


Play = Callable[[Sequence[Episode]], list[list[int]]]


def episodes(model: LocalModel, count: int) -> list[Episode]:
    """Conversations of the shape that is measured."""
    catalog = load_catalog("enterprise_apis.json")
    scenarios = draw_scenarios(catalog, 100 * count, seed=3)
    fitting = (one for one in scenarios if len(one.candidates) == CANDIDATES)
    played = (dialogue for _, dialogue in UTCGen(catalog).generate(scenarios=fitting))
    found = []
    for dialogue in played:
        block = encode_data(model.tokenizer, _block(catalog, dialogue))
        if dialogue.assistant_turns == TURNS and BLOCK[0] <= len(block) <= BLOCK[1]:
            found.append(_episode(model.tokenizer, block, dialogue))
        if len(found) == count:
            return found
    raise SystemExit(f"Only {len(found)} of {count} dialogues have the shape that is measured.")


def _block(catalog: Catalog, dialogue: Dialogue) -> str:
    tools = catalog.subset(dialogue.scenario.candidates)
    return "\n".join(json.dumps(native_tool(tool)) for tool in tools)


def _episode(tokenizer: Any, block: list[int], dialogue: Dialogue) -> Episode:
    end, ask = encode_control(tokenizer, END + "\n"), encode_control(tokenizer, header("assistant"))
    task = encode_control(tokenizer, header("system")) + encode_data(tokenizer, "Use exactly one of these tools.\n")
    said = [turn.reply for turn in dialogue.turns if turn.speaker == "user"][:TURNS]
    users = [encode_message(tokenizer, {"role": "user", "content": words}) + ask for words in said]
    return Episode(task + block + end + users[0], tuple(end + user for user in users[1:]))


class Ours:
    """All episodes in flight, or as many as are asked for."""

    def __init__(self, model: LocalModel) -> None:
        self._model = model

    def play(self, played: Sequence[Episode], at_once: int = EPISODES) -> list[list[int]]:
        """The tokens of each episode; nothing is kept from an earlier call."""
        # The same reader with turns that do not end by themselves.
        writer = TurnWriter(self._model.writer._reader, frozenset(), self._model.writer._bite)

        def one(episode: Episode) -> list[int]:
            prompt, turns = list(episode.opening), []
            for between in (*episode.between, []):
                asked = Asked(prompt, WRITTEN, lambda _: False)
                turns.append(list(writer.finish(asked)))
                prompt = prompt + turns[-1] + between
            return [token for turn in turns for token in turn]

        try:
            return list(in_order(one, played, at_once))
        finally:
            writer.forget()


class Peer:
    """transformers' `generate()`."""

    def __init__(self, device: str, dtype: torch.dtype) -> None:
        folder = ensure_smollm2(models_dir(workspace_dir()))
        self._model: Any = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype).eval()
        self._model.to(device)
        self._model.generation_config.eos_token_id = None

    def play(self, played: Sequence[Episode], batch: int = 1) -> list[list[int]]:
        """The tokens of each episode, `batch` of them in lock-step."""
        groups = (played[start : start + batch] for start in range(0, len(played), batch))
        return [written for group in groups for written in self._group(group)]

    def _group(self, group: Sequence[Episode]) -> list[list[int]]:
        prompts, written = [list(episode.opening) for episode in group], [[] for _ in group]
        for turn in range(TURNS):
            found = self._turn(prompts)
            for number, tokens in enumerate(found):
                written[number] += tokens
                prompts[number] += tokens + (group[number].between[turn] if turn + 1 < TURNS else [])
        return written

    def _turn(self, prompts: list[list[int]]) -> list[list[int]]:
        longest = max(map(len, prompts))
        ids = torch.tensor([[0] * (longest - len(prompt)) + prompt for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt)) + [1] * len(prompt) for prompt in prompts])
        on = self._model.device
        found = self._model.generate(
            ids.to(on), attention_mask=mask.to(on), max_new_tokens=WRITTEN, do_sample=False, pad_token_id=0
        )
        return found[:, longest:].tolist()


def measured(play: Play, played: Sequence[Episode], numbers: Sequence[int]) -> Side:
    """What a side writes for these episodes and what that takes."""
    wall, cpu = time.perf_counter(), time.process_time()
    written = play([played[number] for number in numbers])
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return Side(dict(zip(numbers, written, strict=True)), time.perf_counter() - wall, time.process_time() - cpu)


def say(name: str, side: Side) -> None:
    """Print the pace of a side."""
    load = os.getloadavg()[0]
    print(
        f"{name}: {60 / side.each:.2f} rollouts a minute, {side.cpu_each:.1f} processor seconds each "
        f"({len(side.written)} episodes in {side.seconds:.0f} s, load average {load:.1f})",
        flush=True,
    )


def compare(name: str, ours: Side, other: Side) -> None:
    """Print how many episodes two sides wrote alike, and where each other one parts."""
    both = sorted(ours.written.keys() & other.written.keys())
    parted = {number: _parted(ours.written[number], other.written[number]) for number in both}
    alike = sum(place is None for place in parted.values())
    report(f"episodes as {name}", 100 * alike / len(both), "%", 99, at_most=False)
    for number, place in parted.items():
        if place is not None:
            print(f"  episode {number} differs from token {place} of {TURNS * WRITTEN} on")


def _parted(one: list[int], other: list[int]) -> int | None:
    return next((place for place, (a, b) in enumerate(zip(one, other, strict=True)) if a != b), None)


def main(arguments: Sequence[str] = ()) -> None:
    """Print the pace of each side and how often ours is theirs; `64 8`: episodes, and those one by one."""
    count, wanted = [*map(int, arguments), *(EPISODES, FEW)[len(arguments) :]]
    device = best_device()
    model = LocalModel(ensure_smollm2(models_dir(workspace_dir())), device=device)
    peer, ours = Peer(device, torch.bfloat16 if half_precision(device) else torch.float32), Ours(model)
    played = episodes(model, count)
    everyone, few = range(count), range(0, count, max(1, count // wanted))
    lengths = [len(episode.opening) for episode in played]
    where = torch.cuda.get_device_name() if device == "cuda" else f"CPU, {torch.get_num_threads()} threads"
    print(f"{where}; {count} episodes, openings of {min(lengths)} to {max(lengths)} tokens", flush=True)
    one = measured(peer.play, played, few)
    say("generate(), one by one", one)
    mine = measured(ours.play, played, everyone)
    say("ours", mine)
    alone = measured(lambda some: ours.play(some, 1), played, few)
    say("ours, one in flight", alone)
    sizes = BATCHES["cuda" if device == "cuda" else "cpu"]
    tried = []
    for size in (size for size in sizes if size <= count):
        tried.append(measured(lambda some, size=size: peer.play(some, size), played, everyone[:size]))
        say(f"generate(), lock-step of {size}", tried[-1])
    compare("with one in flight", mine, alone)
    compare("from generate()", mine, one)
    step = min(tried, key=lambda side: side.cpu_each)
    goal = TIMES_BATCH_CUDA if device == "cuda" else TIMES_BATCH
    for what, pace, wanted in (("one by one", one, TIMES_ONE), ("lock-step", step, goal)):
        report(f"rollouts against {what}", pace.each / mine.each, "times as many", wanted, at_most=False)
        report(f"  in processor seconds against {what}", pace.cpu_each / mine.cpu_each, "times", wanted, at_most=False)


if __name__ == "__main__":
    main(sys.argv[1:])
