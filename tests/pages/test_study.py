"""The Study page: begun by a press, told with absent rows, stopped with one message."""

from __future__ import annotations

import time

from streamlit.testing.v1 import AppTest

from pages.components.study_view import results_table
from pages.components.wiring import services

from .conftest import Open


def words(at: AppTest) -> str:
    return " ".join(str(element.value) for element in (*at.markdown, *at.caption, *at.info, *at.error))


def carried(name: str) -> None:
    deadline = time.monotonic() + 120
    while services().studies.is_under_way(name):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_without_a_study_the_page_says_what_one_is_and_offers_to_begin_it(open_empty: Open) -> None:
    at = open_empty("study")
    assert not at.exception
    assert "plays base, tuned and scripted" in words(at)
    assert at.multiselect(key="study.catalogs").value == ["enterprise"]
    held_out = next(box for box in at.multiselect if str(box.key).startswith("study.held_out"))
    assert held_out.value == ["enterprise:HR", "enterprise:ITSM"]


def test_a_study_is_begun_by_a_press_and_its_steps_are_told(open_page: Open, monkeypatch) -> None:
    at = open_page("study")
    studies = services().studies
    begun: list[str] = []
    monkeypatch.setattr(type(studies), "carry_on_behind", lambda self, name, only=(): begun.append(name))
    at.text_input(key="study.name").set_value("mine").run()
    at.button(key="study.begin").click().run()
    assert not at.exception
    assert begun == ["mine"]
    choices = studies.choices("mine")
    assert (choices.model, choices.held_out) == ("smollm2", ("enterprise:HR", "enterprise:ITSM"))
    steps = next(frame.value for frame in at.dataframe if "Step" in frame.value.columns)
    told = dict(zip(steps["Step"], steps["State"], strict=True))
    assert (told["train"], told["ablation:no-thought:train"]) == ("to do", "when asked for")


def test_a_report_shows_the_papers_rows_ours_and_those_that_were_not_run(open_page: Open) -> None:
    open_page("study")
    studies = services().studies
    studies.begin(name="told", dialogues=12, scenarios=2, hours=0)
    studies.carry_on("told", ["evaluate:oracle"])
    at = open_page("study", study="told")
    assert not at.exception
    rows = next(frame.value for frame in at.dataframe if "Refused rightly" in frame.value.columns)
    acc = dict(zip(rows["Model"], rows["Right (Acc)"], strict=True))
    assert acc["script: oracle"].startswith("1.00 (")
    assert acc["tuned"] == "not run"
    assert acc["Gemma-3-DiaFORGE-27B (paper)"] == "0.89"
    assert acc["base, decoding free"] == "not run"
    assert any("script: oracle" in plot.proto.alt for plot in at.get("plotly_chart"))
    assert list(results_table(studies.report("told").rows)["Model"]) == [m for m in acc if "(paper)" not in m]


def test_further_steps_are_done_one_by_one_and_what_stops_them_is_said(open_page: Open) -> None:
    open_page("study")
    studies = services().studies
    studies.begin(name="stopped", dialogues=12, scenarios=2, hours=0, held_out=("enterprise:Nowhere",))
    at = open_page("study", study="stopped")
    at.button(key="study.only.stopped.curve:50").click().run()
    carried("stopped")
    at.run()
    assert "has no group 'Nowhere'" in words(at).replace("\\", "")
    assert at.button(key="study.go_on.stopped")
