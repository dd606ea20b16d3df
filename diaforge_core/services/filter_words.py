"""A filter as the command line gives it: some parts by their own options, every part as PART=VALUE."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from ..errors import DataError, problem_list
from ..records.queue import Filter

_BY_OPTION = ("dataset", "text", "tier", "verifier", "goal_tool", "label")
_BY_WORDS = [part for part in Filter.model_fields if part not in ("dataset", "state", "text")]

_HEADLINE, _ADVICE = "This filter cannot be:", "Give each part as PART=VALUE, such as persona='Ana Silva, Analyst'."


def filter_of(params: dict[str, Any]) -> Filter:
    """The filter that these parameters ask for; `where` holds any parts more, each `PART=VALUE`.

    DataError that names every part that is none and every value that it cannot have.
    """
    given = {part: params[part] for part in _BY_OPTION if params.get(part) is not None}
    given |= {"state": params["state"]} if "state" in params else {}
    words = [word.partition("=") for word in params.get("where") or ()]
    known = ", ".join(_BY_WORDS)
    unknown = [(part, f"no part of a filter; there are {known}") for part, _, _ in words if part not in _BY_WORDS]
    empty = [(part, "give a value behind '='") for part, _, value in words if part in _BY_WORDS and not value]
    if unknown or empty:
        raise DataError(problem_list(_HEADLINE, [*unknown, *empty], _ADVICE))
    try:
        return Filter.model_validate(given | {part: value for part, _, value in words})
    except ValidationError as problem:
        faults = [(str(fault["loc"][0]), fault["msg"]) for fault in problem.errors()]
        raise DataError(problem_list(_HEADLINE, faults, _ADVICE)) from problem
