"""The plots hold what they were given, and no mark-up of it."""

from __future__ import annotations

import pandas as pd
from streamlit.testing.v1 import AppTest

from diaforge_core.services.preflight import planned_steps
from diaforge_core.services.training import CURVE_COLUMNS
from pages.components.train_runs import loss_words, newest


def curve() -> pd.DataFrame:
    """A curve as the services give it, with what is not measured left empty."""
    frame = pd.DataFrame({"step": [1, 2, 3], "loss": [2.5, 2.0, None]})
    return frame.reindex(columns=CURVE_COLUMNS)


def test_the_newest_value_is_the_last_that_was_measured() -> None:
    assert newest(curve(), "loss") == 2.0
    assert newest(curve(), "tokens_per_second") is None
    assert newest(curve(), "no_such_column") is None
    assert loss_words(curve()) == "Loss from 2.500 to 2.000 over 2 logged steps"


def _plots() -> None:
    from pages.components import charts
    from tests.pages.test_charts import curve

    charts.draw(charts.loss_chart(curve()), "loss", "loss")
    charts.draw(charts.outcome_bar({"<a href='x'>a</a>": {"right": 3, "unforeseen": 1}}), "bar", "bar")
    dots = [charts.Dot("<b>a</b>", "Acc", 0.5, 0.4, 0.6, 10)]
    charts.draw(charts.interval_plot(dots, ["Acc"], paper=True), "dots", "dots")
    charts.draw(charts.share_bar({"baseline": 1.0}), "share", "share")


def test_plots_are_drawn_and_names_are_escaped() -> None:
    at = AppTest.from_function(_plots).run()
    assert not at.exception
    plots = at.get("plotly_chart")
    assert len(plots) == 4
    specs = " ".join(plot.proto.spec for plot in plots)
    assert "<a href" not in specs
    assert "<b>a" not in specs


def test_steps_are_counted_as_the_trainer_counts_them() -> None:
    from diaforge_core.services.training import TrainRecipe

    recipe = TrainRecipe(dataset="d", run="r", epochs=2, batch_size=4)
    assert planned_steps(10, recipe) == 6
    assert planned_steps(10, TrainRecipe(dataset="d", run="r", epochs=2, batch_size=4, max_steps=5)) == 5
