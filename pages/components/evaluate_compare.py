"""Two evaluations compared: one sentence, the differences with their intervals, four boxes that open conversations."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.run import Run
from diaforge_core.services.evaluation import BREAKDOWNS, METRICS, Comparison, Difference
from diaforge_core.services.failures import RIGHT

from . import charts, wiring
from .dialogue_view import Shown, conversation
from .evaluate_charts import difference_plot
from .failure_actions import failure_actions
from .palette import OUTCOMES, badge_markdown
from .wiring import services
from .wording import clip, plain


def compare_tab(done: list[Run]) -> None:
    """One sentence, the differences with their intervals, and four boxes that open their conversations."""
    names = [run.name for run in done]
    if len(names) < 2:
        st.caption("Two finished evaluations are needed to compare.")
        return
    left, right = st.columns(2)
    with left:
        a = wiring.pick("A", names, "a")
    with right:
        b = st.selectbox("B", names, index=1, key="b", bind="query-params")
    if a == b:
        st.caption("Choose two different runs.")
        return
    found = services().evaluation.compare(a, b)
    st.info(plain(found.verdict), icon=":material/balance:")
    rows = [
        (
            METRICS[key].title if key in METRICS else key,
            signed(key, d.value),
            f"{signed(key, d.low)} to {signed(key, d.high)}",
            chance(d.p),
        )
        for key, d in found.difference.items()
        if d is not None
    ]
    shown = [(METRICS[key].title, d) for key in SHOWN if (d := found.difference.get(key)) is not None]
    if shown:
        charts.draw(difference_plot(shown), f"compare.plot.{a}.{b}", difference_words(shown))
    with st.expander("All differences", icon=":material/table_chart:"):
        st.dataframe(pd.DataFrame(rows, columns=["Metric", "A − B", "95 % interval", "p"]), hide_index=True)
        st.caption(
            "p: exact McNemar test where each scenario was played once and is right or wrong, else a paired bootstrap "
            "over clusters of near-duplicate tools."
        )
    by_group(a, b, found)
    boxes(a, b, found.pairs)


def difference_words(rows: Sequence[tuple[str, Difference]]) -> str:
    """The plot for those who do not see it."""
    return "; ".join(f"{name} {each.value:+.2f}, {each.low:+.2f} to {each.high:+.2f}" for name, each in rows)


def by_group(a: str, b: str, found: Comparison) -> None:
    """One metric's difference within each group of one breakdown."""
    with st.expander("By difficulty, candidates, closeness, behaviour, side effect", icon=":material/splitscreen:"):
        left, right = st.columns(2)
        titles = {name: breakdown.title for name, breakdown in BREAKDOWNS.items()}
        with left:
            name = wiring.linked(st.selectbox, "By", list(titles), "by", "tier", format_func=wiring.words_of(titles))
        with right:
            key = wiring.linked(st.selectbox, "Difference in", list(SHOWN), "of", "acc", format_func=_title)
        groups = found.by[name]
        rows = [(group, d) for group, values in groups.items() if (d := values.get(key)) is not None]
        if not rows:
            st.caption("Not measured for both.")
            return
        charts.draw(difference_plot(rows), f"compare.by.{a}.{b}.{name}.{key}", difference_words(rows))
        st.caption("Groups are smaller than the whole, so more of them lack evidence; of many, some differ by chance.")


def _title(key: str) -> str:
    return METRICS[key].title


def signed(key: str, value: float) -> str:
    """`+12 pts` for a share, `+0.4` for another number."""
    share = key not in METRICS or METRICS[key].share
    text = f"{value * 100:+.0f} pts" if share else f"{value:+.2f}"
    return text.replace("-", "−")


def chance(p: float) -> str:
    """A p-value to three places, or that it is smaller."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


SHOWN = ("acc", "tool_accuracy", "ftr", "risk", "tar", "refusal", "wrong_call")
BOXES = {"both_right": "both right", "only_a": "only A right", "only_b": "only B right", "both_wrong": "both wrong"}


def boxes(a: str, b: str, pairs: object) -> None:
    """The four boxes; the chosen one's conversations side by side from the first differing turn."""
    lists = {key: list(pairs[key] if isinstance(pairs, dict) else getattr(pairs, key)) for key in BOXES}
    box = wiring.linked(
        st.segmented_control,
        "Scenarios",
        list(BOXES),
        "box",
        "only_a",
        format_func=lambda k: f"{BOXES[k]} {len(lists[k])}",
    )
    ids = lists[box]
    if not ids:
        st.caption("None.")
        return
    chosen = st.selectbox(
        "Scenario", ids, key=f"compare.scenario.{a}.{b}.{box}", format_func=lambda value: scenario_words(a, str(value))
    )
    one, two, turn = services().evaluation.differing_turn(a, b, str(chosen))
    if turn is not None:
        st.caption(f"They part at turn {turn + 1}.")
    for column, name, trace in zip(st.columns(2, gap="large"), (a, b), (one, two), strict=True):
        with column:
            st.markdown(f"**{plain(name)}** {badge_markdown(OUTCOMES, trace.outcome)}")
            st.caption(plain(trace.reason))
            tools = {tool.name: tool for tool in services().traces.tools(trace)}
            if trace.outcome not in RIGHT:
                with st.popover("Fault, and data of it", icon=":material/build:"):
                    failure_actions(trace)
            shown = Shown(key=f"compare.{name}.{trace.id}", tools=tools, marks=trace.audit, first=turn or 0)
            conversation(trace.turns, shown)


def scenario_words(run: str, scenario: str) -> str:
    """The scenario's opening words, from the run's table."""
    frame, _ = services().traces.page({"run": run, "scenario": scenario}, limit=1)
    return clip(frame["opening"].iloc[0], 100) if len(frame) else scenario
