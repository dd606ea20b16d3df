"""What requests to models cost, and the hard stop before one that could cost more than was allowed."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..errors import BudgetReached, DataError

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Price:
    """What one model's tokens cost, in any currency as long as it is one."""

    prompt: float = 0.0
    """Per million tokens that the model reads."""
    completion: float = 0.0
    """Per million tokens that the model writes."""

    def of(self, tokens: Tokens) -> float:
        """What these tokens cost."""
        return (tokens.prompt * self.prompt + tokens.completion * self.completion) / MILLION


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens of one request, or of many."""

    prompt: int = 0
    completion: int = 0

    @property
    def total(self) -> int:
        return self.prompt + self.completion

    def __add__(self, other: Tokens) -> Tokens:
        return Tokens(self.prompt + other.prompt, self.completion + other.completion)


NO_TOKENS = Tokens()


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be spent in all; None is no limit."""

    tokens: int | None = None
    """Read and written together."""
    money: float | None = None
    calls: int | None = None
    """Requests sent, tries of one request counted each."""


@dataclass(frozen=True, slots=True)
class Spending:
    """What was spent so far."""

    tokens: Tokens = NO_TOKENS
    money: float = 0.0
    calls: int = 0
    """Requests sent, tries of one request counted each."""
    retries: int = 0
    """Those of `calls` that were another try."""
    cache_hits: int = 0
    """Answers that were taken from the cache and cost nothing."""


@dataclass(slots=True)
class _Held:
    """What requests under way may cost at most."""

    tokens: Tokens = NO_TOKENS
    money: float = 0.0
    calls: int = 0


class Budget:
    """Counts what is spent and holds back what could go over; one for all endpoints and threads of a run."""

    def __init__(self, limits: Limits | None = None, prices: Mapping[str, Price] | None = None) -> None:
        """`prices` is model name → price; with a money limit each model that is asked needs one."""
        self.limits = limits or Limits()
        self.prices = dict(prices or {})
        self._changed = threading.Condition()
        self._spent = Spending()
        self._held = _Held()

    @property
    def spent(self) -> Spending:
        """What was spent so far, settled requests only."""
        with self._changed:
            return self._spent

    def check_price(self, model: str) -> None:
        """DataError where money is limited and the model has no price: the limit could not be kept."""
        if self.limits.money is not None and model not in self.prices:
            known = ", ".join(sorted(self.prices)) or "none"
            raise DataError(
                f"Money is limited to {self.limits.money:g}, but the model '{model}' has no price (priced: {known}). "
                "Give its price per million tokens read and written, or limit tokens instead."
            )

    def reserve(self, model: str, most: Tokens) -> None:
        """Hold back `most` for one request; waits while others under way may yet cost less than is held for them.

        BudgetReached if even then the request could exceed a limit.
        """
        money = self._price(model).of(most)
        with self._changed:
            while reached := self._exceeded(most, money):
                if not self._held.calls:
                    raise BudgetReached(
                        f"The budget of {reached} could be exceeded by the next request, so it was not sent. What is "
                        f"finished is valid; allow more and resume to go on. Spent: {_words(self._spent)}."
                    )
                self._changed.wait()
            held = self._held
            held.tokens, held.money, held.calls = held.tokens + most, held.money + money, held.calls + 1

    def settle(self, model: str, most: Tokens, used: Tokens, *, retry: bool = False) -> None:
        """Replace what was held for a request by what it cost; nothing used is a request that was refused."""
        price = self._price(model)
        with self._changed:
            held, spent = self._held, self._spent
            held.tokens = Tokens(held.tokens.prompt - most.prompt, held.tokens.completion - most.completion)
            held.calls -= 1
            held.money = held.money - price.of(most) if held.calls else 0.0
            self._spent = replace(
                spent,
                tokens=spent.tokens + used,
                money=spent.money + price.of(used),
                calls=spent.calls + 1,
                retries=spent.retries + retry,
            )
            self._changed.notify_all()

    def charge(self, model: str, used: Tokens, calls: int) -> None:
        """Count what was spent before this process began."""
        with self._changed:
            money = self._spent.money + self._price(model).of(used)
            self._spent = replace(
                self._spent, tokens=self._spent.tokens + used, money=money, calls=self._spent.calls + calls
            )

    def count_cache_hit(self) -> None:
        with self._changed:
            self._spent = replace(self._spent, cache_hits=self._spent.cache_hits + 1)

    def _price(self, model: str) -> Price:
        return self.prices.get(model, Price())

    def _exceeded(self, most: Tokens, money: float) -> str:
        """The limit that one more request could exceed, in words; empty if there is none."""
        limits, spent, held = self.limits, self._spent, self._held
        if limits.calls is not None and spent.calls + held.calls + 1 > limits.calls:
            return f"{limits.calls:,} calls"
        if limits.tokens is not None and spent.tokens.total + held.tokens.total + most.total > limits.tokens:
            return f"{limits.tokens:,} tokens"
        if limits.money is not None and spent.money + held.money + money > limits.money:
            return f"{limits.money:g} in money"
        return ""


def _words(spent: Spending) -> str:
    return (
        f"{spent.tokens.prompt:,} tokens read, {spent.tokens.completion:,} written, {spent.calls:,} calls, "
        f"{spent.money:.4g} in money"
    )
