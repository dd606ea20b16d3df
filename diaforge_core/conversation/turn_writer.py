"""Turns of many conversations, written side by side by one model.

Each step reads what is new of every conversation in flight: the last token of one that is being written, the prompt of
one that joins, and of a conversation that goes on only what its place does not hold yet. One that has ended its turn
leaves at once and another joins. What a turn says depends on nothing beside it but for the last bits of the scores.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ..errors import Interrupted, ModelError
from .mishaps import is_no_memory
from .plain_reading import Place, Reader

if TYPE_CHECKING:
    import torch

WORTH_SHARING = 32
"""Tokens in common with another conversation that are copied from it or waited for, and not read again."""


@dataclass(slots=True, eq=False)
class Asked:
    """A turn that somebody waits for."""

    prompt: list[int]
    most: int
    """Tokens to write at most."""
    ends: Callable[[list[int]], bool]
    """Whether the turn is over with what is written."""
    draw: Callable[[torch.Tensor], int] | None = None
    """The next token from its scores; the best one where it is None."""
    streams: bool = False
    """Whether each token is waited for and not only the last."""
    written: list[int] = field(default_factory=list)
    done: bool = False
    problem: BaseException | None = None
    place: Place | None = None
    news: threading.Event = field(default_factory=threading.Event)

    @property
    def unread(self) -> list[int]:
        held = len(self.place.ids) if self.place else 0
        ahead = held - len(self.prompt)
        return self.prompt[held:] + self.written if ahead < 0 else self.written[ahead:]


class TurnWriter:
    """Writes the turns that threads ask for; whichever of them waits does the work for all.

    Nothing runs while nobody waits: there is no thread of its own.
    """

    def __init__(self, reader: Reader, stops: frozenset[int], bite: int) -> None:
        """`stops` end a turn. A step reads prompts of `bite` tokens together, and no more of a longer one."""
        self.should_stop: Callable[[], bool] | None = None
        """Asked before each step; once it says so, every turn ends as Interrupted."""
        self._reader, self._stops, self._bite = reader, stops, bite
        self._joining: list[Asked] = []
        self._rows: list[Asked] = []
        self._idle: dict[Place, int] = {}
        """Places between two turns, longest unused first, with the length of the prompt that each last had."""
        self._lead = threading.Lock()

    def limit(self, room: int) -> None:
        """Keep at most these many tokens of all conversations."""
        self._reader.room = room

    def write(self, asked: Asked) -> Iterator[int]:
        """The tokens of the turn as they come, without a stop; what goes wrong with it is raised."""
        given = 0
        self._joining.append(asked)
        try:
            while given < len(asked.written) or self._wait(asked, given):
                yield asked.written[given]
                given += 1
        finally:
            asked.done = True

    def finish(self, asked: Asked) -> list[int]:
        """As `write`, all at once."""
        self._joining.append(asked)
        self._wait(asked, asked.most)
        return asked.written

    def _wait(self, asked: Asked, given: int) -> bool:
        """Whether it has more than `given` tokens, or it is done; until then this thread leads or waits."""
        while not asked.done and len(asked.written) <= given:
            if self._lead.acquire(blocking=False):
                try:
                    self._lead_until(asked, given)
                finally:
                    self._lead.release()
                    for other in [*self._rows, *self._joining]:
                        other.news.set()
            else:
                asked.news.wait()
                asked.news.clear()
        if asked.problem:
            raise asked.problem
        return len(asked.written) > given

    def _lead_until(self, asked: Asked, given: int) -> None:
        while not asked.done and len(asked.written) <= given:
            try:
                self._step()
            except BaseException as problem:  # noqa: BLE001 - each of the others hears of it where it waits
                for row in [*self._rows, *self._joining]:
                    self._fail(row, problem)
                self._leave()

    # ---- One step ----------------------------------------------------------------------------------------------------

    def _step(self) -> None:
        if self.should_stop is not None and self.should_stop():
            raise Interrupted("The run was asked to stop.")
        self._leave()
        batch = self._admit(self._goes_on())
        if not batch:
            return
        for row, scores, best in self._read(batch):
            if not row.unread:
                self._take(row, best if row.draw is None else row.draw(scores))
        self._leave()

    def _goes_on(self) -> list[tuple[Asked, list[int]]]:
        """What conversations that have joined read next: a token, or a bite of the prompt as long as there is room."""
        batch, taken = [], 0
        for row in self._rows:
            new = row.unread[: self._bite]
            if len(new) > 1 and taken and taken + len(new) > self._bite:
                continue
            taken += len(new) if len(new) > 1 else 0
            batch.append((row, new))
        return batch

    def _admit(self, batch: list[tuple[Asked, list[int]]]) -> list[tuple[Asked, list[int]]]:
        """The batch with the first bites of as many as may join."""
        taken = sum(len(new) for _, new in batch if len(new) > 1)
        for asked in list(self._joining):
            if asked.done:
                self._joining.remove(asked)
                continue
            near, shared = self._nearest(asked.prompt)
            new = len(asked.prompt) - shared
            if taken and taken + new > self._bite:
                break
            if any(_shared(row.prompt, asked.prompt) >= shared + WORTH_SHARING for row, _ in batch if not row.written):
                continue
            if not self._seat(asked, near, shared):
                break
            self._joining.remove(asked)
            self._rows.append(asked)
            batch.append((asked, asked.unread[: self._bite]))
            taken += len(batch[-1][1])
        return batch

    def _read(self, batch: Sequence[tuple[Asked, list[int]]]) -> Iterator[tuple[Asked, torch.Tensor, int]]:
        """Each row with its scores and its best token; where memory runs out, one by one those that fit."""
        given = [(row.place, new) for row, new in batch if row.place is not None]
        try:
            scores = self._reader.read(given)
        except (RuntimeError, MemoryError) as problem:
            if not is_no_memory(problem):
                raise
            self.forget()
            if len(batch) > 1:
                for one in batch:
                    yield from self._read([one])
            else:
                self._fail(batch[0][0], ModelError(_NO_ROOM))
            return
        yield from zip((row for row, _ in batch), scores, scores.argmax(-1).tolist(), strict=True)

    def _take(self, row: Asked, token: int) -> None:
        if token in self._stops:
            row.done = True
            return
        row.written.append(token)
        row.done = row.done or len(row.written) >= row.most or row.ends(row.written)
        if row.streams:
            row.news.set()

    def _fail(self, row: Asked, problem: BaseException) -> None:
        row.problem, row.done = problem, True

    def _leave(self) -> None:
        """Let go of the turns that are over; their places are kept for the next turn of their conversations."""
        for row in [row for row in [*self._rows, *self._joining] if row.done]:
            (self._rows if row in self._rows else self._joining).remove(row)
            if row.place is not None:
                self._idle[row.place] = len(row.prompt)
            row.news.set()

    # ---- Places ------------------------------------------------------------------------------------------------------

    def _nearest(self, prompt: list[int]) -> tuple[Place | None, int]:
        """The place that holds the longest beginning of the prompt, and its length; the last token is always read."""
        places = [*reversed(self._idle), *(row.place for row in self._rows if row.place)]
        found = max(places, key=lambda place: _shared(place.ids, prompt), default=None)
        shared = min(len(prompt) - 1, _shared(found.ids, prompt)) if found else 0
        return (found, shared) if shared >= WORTH_SHARING else (None, 0)

    def _seat(self, asked: Asked, near: Place | None, shared: int) -> bool:
        """Whether a place was found: that of the same conversation, or a new one, if need be the longest unused."""
        if near in self._idle and shared >= self._idle[near] - 1:
            del self._idle[near]
            if self._reader.crop(near, shared):
                asked.place = near
                return True
            self._reader.free(near)
            near, shared = None, 0
        length = len(asked.prompt) + asked.most
        while (place := self._reader.place(length, near, shared)) is None:
            if not self._idle:
                return False
            oldest = next(iter(self._idle))
            if oldest is near:
                near, shared = None, 0
            del self._idle[oldest]
            self._reader.free(oldest)
        asked.place = place
        return True

    def forget(self) -> None:
        """Give back all room that nobody is using at this moment."""
        for place in self._idle:
            self._reader.free(place)
        self._idle.clear()


def drawing(seed: int, temperature: float, top_p: float) -> Callable[[torch.Tensor], int]:
    """Draws one token after the other at this temperature, from the likeliest `top_p` of the mass.

    What is drawn depends on the scores, the seed and the token's number in its turn alone.
    """
    import torch

    random = torch.Generator().manual_seed(seed % (1 << 63))

    def draw(scores: torch.Tensor) -> int:
        chances = torch.softmax(scores.cpu() / temperature, dim=-1)
        if top_p >= 1.0:
            return int(torch.multinomial(chances, 1, generator=random))
        chances, order = chances.sort(descending=True, stable=True)
        kept = (chances.cumsum(-1) - chances) < top_p
        return int(order[torch.multinomial(chances * kept, 1, generator=random)])

    return draw


_NO_ROOM = (
    "There is not enough memory to read this conversation. Offer fewer candidates, free memory or take a smaller model."
)


def _shared(one: Sequence[int], other: Sequence[int]) -> int:
    """Length of the beginning that both have in common."""
    count = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        count += 1
    return count
