"""How the numbers went over time: a line for each model and source of scenarios."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from diaforge_core.services.evaluation import METRICS

from . import charts, wiring
from .evaluate_charts import trend_plot
from .wiring import services
from .wording import count

SHOWN = ("acc", "ftr", "tar", "tool_accuracy", "risk", "refusal", "wrong_call", "effort")
MOST_LINES = 6


def trend_tab() -> None:
    """The trend of one metric, and the runs behind it."""
    titles = {key: METRICS[key].title for key in SHOWN}
    key = wiring.linked(st.selectbox, "Metric", list(titles), "metric", "acc", format_func=wiring.words_of(titles))
    frame = services().evaluation.trend(key)
    if frame.empty:
        st.caption("No finished run has measured this.")
        return
    lines = frame.groupby(["model", "scenarios"])["ended"].max().nlargest(MOST_LINES).index
    shown = frame[frame.set_index(["model", "scenarios"]).index.isin(lines)]
    says = f"{METRICS[key].title} of {count(len(shown), 'run')} over time, a line a model and source of scenarios"
    charts.draw(trend_plot(shown, METRICS[key].share), f"trend.{key}", says)
    left_out = frame[["model", "scenarios"]].drop_duplicates().shape[0] - len(lines)
    st.caption(
        "Runs on one line played scenarios from one source; where that grew or was drawn with other seeds between two "
        "runs, only Compare says what the model changed."
        + (f" {count(left_out, 'older line')} not shown." if left_out else "")
    )
    with st.expander("As a table", icon=":material/table_chart:"):
        st.dataframe(_table(frame), hide_index=True)


def _table(frame: pd.DataFrame) -> pd.DataFrame:
    names = {"run": "Run", "model": "Model", "scenarios": "Scenarios from", "ended": "Ended (UTC)", "value": "Value"}
    return frame.iloc[::-1].rename(columns=names | {"low": "Low", "high": "High", "n": "n"})
