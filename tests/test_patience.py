"""A model that is gone ends the run in its own words; one that stumbles does not."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.conversation.patience import HOPELESS, SILENT, patiently
from diaforge_core.errors import ModelError
from diaforge_core.records.trace import Trace

from .factories import a_scenario


def a_row(kind: str, number: int = 0) -> Trace:
    """`good`, `gone` (no answer), `bad` (an error of another kind) or `unjudged` (only the critic gave no answer)."""
    return Trace(
        id=f"{number}",
        scenario=a_scenario(),
        turns=(),
        assistant="openai:m",
        ended="error" if kind in ("gone", "bad") else "call",
        error=f"The model is {kind}." if kind != "good" else "",
        unanswered=kind in ("gone", "unjudged"),
    )


def came_out(kinds: Sequence[str], *, fresh: bool = True) -> tuple[list[str], str]:
    """The rows that came out, by number, and the error at their end."""
    rows = [a_row(kind, number) for number, kind in enumerate(kinds)]
    found: list[str] = []
    try:
        found.extend(row.id for row in patiently(rows, lambda row: row, fresh=fresh))
    except ModelError as problem:
        return found, str(problem)
    return found, ""


def test_single_failures_are_rows_as_any_other() -> None:
    kinds = ["good", "gone", "good", "bad", "gone", "unjudged", "good", "gone"]
    assert came_out(kinds) == ([str(number) for number in range(8)], "")


def test_failures_in_a_row_end_the_run_and_are_no_rows() -> None:
    rows, error = came_out(["good", "bad", *["gone"] * 50])
    assert rows == ["0", "1"]
    assert error == "The model is gone. No further conversation came about; resume the run when that is mended."


def test_no_more_conversations_are_played_than_it_takes_to_see_it() -> None:
    played: list[int] = []

    def play():
        for number in range(50):
            played.append(number)
            yield a_row("good" if number == 0 else "gone", number)

    with pytest.raises(ModelError):
        list(patiently(play(), lambda row: row))
    assert len(played) == 1 + SILENT


def test_a_critic_that_is_gone_ends_the_run_too() -> None:
    assert came_out(["good", *["unjudged"] * 9])[0] == ["0"]


def test_a_run_that_never_comes_about_ends_early() -> None:
    assert came_out(["gone"] * 9) == (
        [],
        "The model is gone. No conversation came about; resume the run when that is mended.",
    )
    assert came_out(["bad"] * (HOPELESS + 5))[1].startswith("The model is bad. No conversation came about")
    assert came_out(["bad", "bad"])[0] == []


def test_a_weak_model_is_not_a_model_that_is_gone() -> None:
    kinds = [*["bad"] * (HOPELESS - 1), "good", *["bad"] * 30]
    assert came_out(kinds) == ([str(number) for number in range(len(kinds))], "")


def test_a_resumed_run_may_end_in_errors_of_another_kind_but_not_in_silence() -> None:
    assert came_out(["bad"] * 20, fresh=False)[1] == ""
    assert came_out(["gone"], fresh=False) == (
        [],
        "The model is gone. No further conversation came about; resume the run when that is mended.",
    )


@given(st.lists(st.sampled_from(["good", "gone", "bad", "unjudged"]), max_size=30), st.booleans())
def test_what_comes_out_is_a_beginning_in_order_and_without_an_error_everything(kinds: list[str], fresh: bool) -> None:
    rows, error = came_out(kinds, fresh=fresh)
    assert rows == [str(number) for number in range(len(rows))]
    assert error or len(rows) == len(kinds)
