"""Several servers of one model as if they were one: what belongs to one scenario is asked of one server."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from pydantic import SecretStr

from ..errors import Unanswered
from ..records.base import content_id
from .endpoint import Answer, Endpoint, Means, Question

AWAY_SECONDS = 60.0
"""A server that gave no answer is asked again after this, unless none other is left."""
T = TypeVar("T")


class EndpointPool:
    """Endpoints that serve the same model, with the face of one.

    Questions that begin with the same system turn and tools go to the same server, which has them in its cache: all
    turns and trials of a scenario. Where a server is lost only its own share moves on, to the next in each scenario's
    own order (rendezvous hashing, Thaler and Ravishankar 1998). Answers are kept under the pool's address, so that a
    resumed run finds them whichever server gave them.
    """

    def __init__(
        self, model: str, addresses: Sequence[str], *, key: SecretStr | None = None, means: Means | None = None
    ) -> None:
        self.model = model
        self.means = means or Means()
        known_as = ",".join(addresses)
        self._endpoints = {
            address: Endpoint(model, address, key=key, means=self.means, known_as=known_as) for address in addresses
        }
        self._away: dict[str, float] = {}
        self._lock = threading.Lock()

    @property
    def in_flight(self) -> int:
        """Questions that may be asked at the same time, over all servers."""
        return sum(endpoint.in_flight for endpoint in self._endpoints.values())

    def ask(self, question: Question) -> Answer:
        """The answer of the scenario's server, or of the next one that gives any; errors as from `Endpoint.ask`.

        Unanswered, with every server's own words, when none of them does.
        """
        return self._first(question, lambda endpoint: endpoint.ask(question))

    def candidates(self, question: Question, count: int) -> list[Answer]:
        """`count` answers to vote on, all of one server; errors as from `ask`."""
        return self._first(question, lambda endpoint: endpoint.candidates(question, count))

    def order(self, question: Question) -> list[str]:
        """The addresses in the order in which this question's scenario would ask them if all were there."""
        start = content_id("start", list(question.messages[:1]), list(question.tools))
        return sorted(self._endpoints, key=lambda address: content_id("place", start, address))

    def _first(self, question: Question, ask: Callable[[Endpoint], T]) -> T:
        order = self.order(question)
        now = time.monotonic()
        with self._lock:
            away = {address for address, until in self._away.items() if until > now}
        lost: list[str] = []
        for address in sorted(order, key=away.__contains__):
            try:
                answer = ask(self._endpoints[address])
            except Unanswered as problem:
                lost.append(str(problem))
                with self._lock:
                    self._away[address] = time.monotonic() + AWAY_SECONDS
                continue
            with self._lock:
                self._away.pop(address, None)
            return answer
        raise Unanswered(" ".join(lost))


def open_endpoint(
    model: str, base_url: str = "", *, key: SecretStr | None = None, means: Means | None = None
) -> Endpoint | EndpointPool:
    """The endpoint at this address, or the pool of those at several with commas between them; errors as there."""
    addresses = list(dict.fromkeys(filter(None, (one.strip() for one in base_url.split(",")))))
    if len(addresses) > 1:
        return EndpointPool(model, addresses, key=key, means=means)
    return Endpoint(model, base_url, key=key, means=means)
