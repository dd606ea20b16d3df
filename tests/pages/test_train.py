"""The Train page: what the form makes, what it says before a run, and what it shows of runs."""

from __future__ import annotations

import datetime as dt
import shlex
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from diaforge_core.records.run import Run, RunState
from diaforge_core.services.training import Checkpoint, TrainRecipe
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store.run_folder import RunFolder, Status
from pages.components import charts
from pages.components.train_form import PRESETS, set_words
from pages.components.train_runs import differences
from pages.components.train_weights import _title

from ..factories import a_catalog
from .conftest import Open

HOSTILE = "x; rm -rf / `id` $(id) && \"quoted\" 'single' | tee ../../etc\nnewline"


def words(at: AppTest) -> str:
    return " ".join(str(element.value) for kind in (at.markdown, at.caption, at.warning, at.error) for element in kind)


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    with open_workspace(tmp_path / "workspace") as opened:
        yield opened


@pytest.mark.parametrize("field", ["dataset", "run", "model", "validation", "pairs"])
def test_a_hostile_word_in_the_form_ends_as_one_word_of_the_command(workspace: Workspace, field: str) -> None:
    recipe = TrainRecipe.model_validate({"dataset": "d", "run": "r", field: HOSTILE})
    argv = workspace.training.command(recipe)
    assert argv.count(HOSTILE) == 1
    assert argv[argv.index(HOSTILE) - 1] == f"--{field}"
    assert shlex.split(workspace.training.command_text(recipe)) == argv


def test_a_hostile_run_name_in_the_form_starts_nothing_and_is_said(open_page: Open) -> None:
    at = open_page("train", dataset="talks")
    name = next(box for box in at.text_input if box.label == "Run name")
    name.set_value("x; rm -rf /").run()
    command = next(code.value for code in at.code if "diaforge_core train" in code.value)
    assert "x; rm -rf /" in shlex.split(command)
    at.button(key="train.start").click().run()
    assert "cannot be the name of a run" in words(at)
    assert "is shown here" in words(at) or not [box for box in at.selectbox if box.label == "Run"]


def test_the_page_of_nothing_leads_to_generating(open_empty: Open) -> None:
    at = open_empty("train")
    assert not at.exception
    assert "There are none yet" in words(at)


def test_a_preset_sets_its_knobs_and_says_which(open_page: Open) -> None:
    at = open_page("train", dataset="talks")
    at.segmented_control(key="train.preset").set_value("One GPU").run()
    assert not at.exception
    assert next(box.value for box in at.number_input if box.label == "Dialogues a step") == 16
    assert next(box.value for box in at.number_input if box.label == "Epochs") == 3.0
    assert "patience 4" in set_words(PRESETS["One GPU"].values)
    assert "16 dialogues a step" in words(at)


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_is_a_recipe(name: str) -> None:
    recipe = TrainRecipe.model_validate({"dataset": "d", "run": "r"} | PRESETS[name].values)
    assert {field: getattr(recipe, field) for field in PRESETS[name].values} == PRESETS[name].values


def test_judging_by_what_is_learned_from_is_called_a_leak(open_page: Open) -> None:
    from pages.components.wiring import services

    at = open_page("train", dataset="talks")
    kept = services().datasets.load("talks")
    services().datasets.create("twice")
    services().datasets.add("twice", kept[:3])
    at.run()
    at.selectbox(key="train.validation").set_value("twice").run()
    assert "It leaks: 3 dialogues of twice are learned from too" in words(at)


def test_drawing_the_page_measures_nothing(open_page: Open) -> None:
    from pages.components.wiring import services

    at = open_page("train", dataset="talks")
    assert any(button.label == "Measure whether it fits" for button in at.button)
    assert not (services().folder / "preflights").exists()


DONE: list[int] = []


GROWN: list[int] = []


def _growing() -> None:
    import streamlit as st

    from pages.components.background import on_demand
    from tests.pages.test_train import GROWN

    found = on_demand("Count", "test.grown", lambda: f"{len(GROWN)} of them", "Counting.", stamp=len(GROWN))
    st.text(found or "nothing")


def test_what_was_counted_is_counted_anew_as_it_grows_without_a_further_press(open_empty: Open) -> None:
    at = AppTest.from_function(_growing).run()
    assert at.text[0].value == "nothing"
    at.button[0].click().run()
    for count in (0, 1):
        for _ in range(100):
            if at.text[0].value == f"{count} of them":
                break
            time.sleep(0.02)
            at.run()
        assert at.text[0].value == f"{count} of them"
        GROWN.append(count)


def _demand() -> None:
    import streamlit as st

    from pages.components.background import on_demand
    from tests.pages.test_train import another

    found = on_demand("Do it", "test.once", another, "Doing it.", once=True)
    st.text(f"came {found}" if found else "nothing")


def another() -> int:
    DONE.append(len(DONE) + 1)
    return DONE[-1]


def test_work_that_is_handed_over_once_has_its_button_back_and_is_done_anew(open_empty: Open) -> None:
    at = AppTest.from_function(_demand).run()
    for number in (1, 2):
        at.button[0].click().run()
        for _ in range(100):
            if at.text[0].value != "nothing":
                break
            time.sleep(0.02)
            at.run()
        assert at.text[0].value == f"came {number}"
        assert at.run().text[0].value == "nothing"
        assert [button.label for button in at.button] == ["Do it"]


def test_a_preview_of_the_text_is_not_shown_for_another_form_or_other_data(
    open_page: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    from pages.components import train_start
    from pages.components.wiring import services

    asked: list[str] = []
    monkeypatch.setattr(train_start, "on_demand", lambda label, key, *_, **__: asked.append(key))
    recipe = TrainRecipe(dataset="talks", run="one")
    open_page("train", dataset="talks")
    asked.clear()
    for each in (recipe, recipe.model_copy(update={"rendering": "compact-1"})):
        train_start.mask_preview(each)
        train_start.fit(each)
    services().review.decide(services().masks.ids("talks")[0], 1, "reject", "wrong goal", "Ana")
    train_start.mask_preview(recipe)
    train_start.fit(recipe)
    services().review.undo("Ana")
    assert len(set(asked)) == 6


def test_the_preference_stage_is_told_in_pairs_and_measured_too(open_page: Open) -> None:
    at = open_page("train", dataset="talks")
    at.selectbox(key="train.stage.CPU demo").set_value("preference").run()
    assert not at.exception
    labels = [button.label for button in at.button]
    assert "Count its pairs" in labels
    assert "Measure whether it fits" in labels
    mistakes = at.selectbox(key="train.pairs").options
    assert "talks" in mistakes
    assert mistakes[0] == "likely ones, in the dialogues"
    assert next(box.label for box in at.number_input if box.label.endswith(" a step")) == "Pairs a step"


@pytest.mark.parametrize(
    ("whole", "offer", "again"),
    [(6, "Go on from step 6", "Steps 7 to 10"), (0, "Start anew with the same settings", "Steps 1 to 10")],
)
def test_a_run_with_broken_weights_offers_what_works_in_place_of_resume(
    open_page: Open, whole: int, offer: str, again: str
) -> None:
    from pages.components.wiring import services

    open_page("train", dataset="talks")
    folder = RunFolder(services().folder / "runs" / f"broken{whole}")
    recipe = TrainRecipe(dataset="talks", run=folder.path.name).model_dump(mode="json")
    now = dt.datetime.now(dt.UTC)
    made_of = {"id": folder.path.name, "name": recipe["run"], "kind": "train", "created": now.isoformat()}
    services().catalogs.put(a_catalog())
    folder.create(made_of | {"models_dir": "", "model": "smollm2", "recipe": recipe}, a_catalog())
    folder.append({"log": {"step": 10, "loss": 1.0}}, {"broken": {"step": 9, "whole": whole}})
    folder.set_status(Status(state="failed", error="It was changed.", ended=now))
    services().jobs.recover()
    at = open_page("train", dataset="talks", run=recipe["run"])
    labels = [button.label for button in at.button]
    assert offer in labels
    assert "Resume" not in labels
    assert f"{again} are done again" in words(at)


def _mask() -> None:
    from pages.components.train_start import draw_mask

    draw_mask(
        [("system\n\nTools: ", False), (" <think>a  b</think>\n**x**\n", True), ("\n", True), ("y" * 2000, False)]
    )


def test_the_text_that_the_trainer_sees_is_drawn_with_its_line_ends_and_spaces_and_does_nothing() -> None:
    at = AppTest.from_function(_mask).run()
    assert not at.exception
    read, cut = (element.value for element in at.text)
    assert read == "system↵\n↵\nTools:␣"
    assert "… 1,200 characters …" in cut
    learned = [element.value.replace("\\", "") for element in at.markdown]
    assert learned == [":primary-background[␣<think>a␣␣b</think>↵**x**↵]", ":primary-background[↵]"]
    assert "\\*\\*x" in at.markdown[0].value


@pytest.mark.parametrize(
    ("state", "said"), [("succeeded", "at the end, step 5"), ("cancelled", "where it was stopped, step 5")]
)
def test_weights_of_a_stopped_run_are_not_called_its_end(state: RunState, said: str) -> None:
    run = Run(id="1", name="r", kind="train", state=state, config={}, created=dt.datetime.now(dt.UTC))
    assert _title(Checkpoint(5, Path("x"), "run:r", True), run) == said


def test_only_what_differs_between_runs_is_in_the_table() -> None:
    found = differences(
        {
            "a": {"run": "a", "epochs": 1.0, "full": True, "max_steps": None, "seed": 0},
            "b": {"run": "b", "epochs": 2.0, "full": False, "max_steps": None, "seed": 0},
        }
    )
    assert found == {"epochs": {"a": "1.0", "b": "2.0"}, "full": {"a": "yes", "b": "no"}}


def _figure() -> None:
    import pandas as pd
    import streamlit as st

    from pages.components import charts
    from tests.pages.test_train import frame

    figure = charts.loss_chart(frame(), {"<b>other</b>": frame()})
    st.text(",".join(str(trace["name"]) for trace in figure.to_dict()["data"]))
    charts.draw(figure, "loss", "loss")
    assert isinstance(frame(), pd.DataFrame)


def frame() -> pd.DataFrame:
    return pd.DataFrame(
        {"step": [1, 2, 3], "loss": [2.5, 2.0, 1.5], "eval_loss": [None, 2.1, None], "acc": [None, 0.5, None]}
    )


def test_losses_and_accuracy_of_a_run_and_the_losses_of_others_are_in_one_figure() -> None:
    at = AppTest.from_function(_figure).run()
    assert not at.exception
    assert at.text[0].value == "training loss,held-out loss,&lt;b&gt;other&lt;/b&gt;,live accuracy (right)"
    assert len(charts.DASHES) == len(charts.BESIDE)
