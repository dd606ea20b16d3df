"""A press counts once, however often the next message of the browser cuts in while it is handled."""

from __future__ import annotations

from functools import partial

import pytest
import streamlit as st
from streamlit.runtime.scriptrunner_utils.exceptions import RerunException
from streamlit.runtime.scriptrunner_utils.script_requests import RerunData

from diaforge_core.services.review import Reviewed
from pages.components.review_state import Screen

from ..factories import a_dialogue


class Link(dict[str, str]):
    """Query parameters whose first change is cut off by another message of the browser."""

    cut = False

    def __setitem__(self, name: str, value: str) -> None:
        if not self.cut:
            self.cut = True
            raise RerunException(RerunData())
        super().__setitem__(name, value)


@pytest.mark.parametrize("named", [{}, {"dialogue": "one"}])
def test_a_press_that_was_cut_off_before_the_link_named_the_next_is_not_lost(
    monkeypatch: pytest.MonkeyPatch, named: dict[str, str]
) -> None:
    monkeypatch.setattr(st, "query_params", Link(named))
    one, here = Reviewed(a_dialogue(id="one"), "pending", ()), Screen()
    assert here.dialogue() == named.get("dialogue")
    here.drawing(one)
    with pytest.raises(RerunException):
        here.pressed(one, partial(here.show, "two"))
    assert here.dialogue() == "two"


def test_what_the_reader_went_to_meanwhile_stays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(st, "query_params", link := Link())
    one, here = Reviewed(a_dialogue(id="one"), "pending", ()), Screen()
    here.drawing(one)
    with pytest.raises(RerunException):
        here.pressed(one, partial(here.show, "two"))
    link["dialogue"] = "three"
    assert here.dialogue() == "three"
