"""The assistants that need no model: the teacher that writes training data, and the baselines beside it."""

from __future__ import annotations

from collections.abc import Callable

from ..errors import ModelError
from .baselines import Cautious, Central, Eager, First, Nearest, RandomCaller
from .plain_teacher import PlainTeacher
from .teacher import Teacher
from .view import Assistant, View

__all__ = ["SCRIPTED", "Assistant", "Teacher", "View", "scripted_assistant"]

SCRIPTED: dict[str, Callable[[], Assistant]] = {
    "oracle": Teacher,
    "plain": PlainTeacher,
    "eager": Eager,
    "cautious": Cautious,
    "random": RandomCaller,
    "first": First,
    "central": Central,
    "nearest": Nearest,
}
"""The part of a model spec after `scripted:` → the assistant."""


def scripted_assistant(spec: str) -> Assistant:
    """The assistant of a spec such as `scripted:oracle` or `oracle`; ModelError with the known ones for another."""
    name = spec.removeprefix("scripted:")
    if name not in SCRIPTED:
        known = ", ".join(f"scripted:{known}" for known in SCRIPTED)
        raise ModelError(f"There is no scripted assistant '{spec}'. Known ones: {known}.")
    return SCRIPTED[name]()
