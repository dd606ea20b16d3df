"""How the numbers went over time: a line for each model and source of scenarios."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diaforge_core.services.evaluation import METRICS

from . import charts, wiring
from .evaluate_charts import trend_plot
from .evaluate_view import figure
from .wiring import services
from .wording import count

SHOWN = ("acc", "ftr", "tar", "tool_accuracy", "risk", "refusal", "wrong_call", "effort")
MOST_LINES = 6
"""So many can be told apart by colour and mark; those with the newest runs."""


def trend_tab() -> None:
    """The trend of one metric, and the runs behind it."""
    titles = {key: METRICS[key].title for key in SHOWN}
    key = wiring.linked(st.selectbox, "Metric", list(titles), "metric", "acc", format_func=wiring.words_of(titles))
    points = services().evaluation.trend(key)
    if not points:
        st.caption("No finished run has measured this.")
        return
    lines = list(dict.fromkeys(point.line for point in reversed(points)))
    shown = [point for point in points if point.line in lines[:MOST_LINES]]
    says = f"{METRICS[key].title} of {count(len(shown), 'run')} over time, a line a model and source of scenarios"
    charts.draw(trend_plot(shown, METRICS[key].share), f"trend.{key}", says)
    older = len(lines[MOST_LINES:])
    st.caption(
        "Runs on one line played scenarios from one source; where that grew or was drawn with other seeds between two "
        "runs, only Compare says what the model changed."
        + (f" {count(older, 'older line')} not shown." if older else "")
    )
    rows = [
        (point.run, point.model, point.source, point.ended, figure(key, point.estimate)) for point in reversed(points)
    ]
    with st.expander("As a table", icon=":material/table_chart:"):
        columns = ["Run", "Model", "Scenarios from", "Ended (UTC)", METRICS[key].title]
        st.dataframe(pd.DataFrame(rows, columns=columns), hide_index=True)
