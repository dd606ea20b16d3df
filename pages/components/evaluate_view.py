"""The parts of the Evaluate page."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.records.scenario import TIERS
from diaforge_core.services.evaluation import METRICS, EvalRecipe, Measurements

from . import charts, wiring
from .dialogue_view import Shown, conversation
from .palette import OUTCOMES, badge_markdown
from .run_progress import run_header, watch
from .wiring import acting, services
from .wording import clip, interval, plain

HEADLINES = {"acc": "Right (Acc)", "ftr": "Wrong tool called (FTR)", "tar": "Gave up (TAR)"}
NEW = "new scenarios from"
BESIDE: tuple[tuple[str, str, Callable[[Measurements], object]], ...] = (
    ("Accuracy, byte for byte", "As accuracy, every argument compared as it is written.", lambda m: m.byte_strict_acc),
    (
        "Accuracy, user faults left out",
        "Without the conversations in which the audit found the simulated user at fault.",
        lambda m: m.without_user_faults.get("acc"),
    ),
)
"""Numbers that stand beside the metrics: title, meaning, where they are."""


def start_box(catalogs: list[str], opened: bool) -> None:
    """The form that starts an evaluation."""
    with st.expander("New evaluation", icon=":material/add_chart:", expanded=opened):
        one, two, three = st.columns([3, 3, 2], gap="medium")
        labels = wiring.model_labels()
        asked = st.query_params.get("model", "")
        model = one.selectbox(
            "Model",
            list(labels),
            format_func=wiring.words_of(labels),
            key=f"evaluate.model.{asked}",
            accept_new_options=True,
            help="Or type a spec: hf:FOLDER, openai:MODEL@ADDRESS.",
        )
        datasets = [info.name for info in services().datasets.names() if info.kept]
        preferred = [name for name in datasets if name.endswith("-held-out")]
        sources = [
            *preferred,
            *(f"{NEW} {name}" for name in catalogs),
            *(name for name in datasets if name not in preferred),
        ]
        source = two.selectbox(
            "Scenarios",
            sources,
            key="evaluate.source",
            help="Of a dataset, best one held out; or drawn anew from a catalog.",
        )
        number = three.number_input("How many at most", 1, 10_000, 20, key="evaluate.count")
        trials = three.number_input(
            "Trials", 1, 64, 1, key="evaluate.trials", help="Each redraws the user's wording, never the scenario."
        )
        seed = two.number_input("Seed", 0, 2**31, 0, key="evaluate.seed")
        name = one.text_input("Run name", key="evaluate.run", placeholder="made from the model", max_chars=64)
        catalog = source.removeprefix(f"{NEW} ") if source.startswith(f"{NEW} ") else ""
        recipe = EvalRecipe(
            model=model or "scripted:oracle",
            run=name.strip(),
            catalog=catalog,
            scenarios="" if catalog else source,
            count=int(number),
            trials=int(trials),
            seed=int(seed),
        )
        st.button(
            "Start evaluation",
            key="evaluate.start",
            type="primary",
            icon=":material/play_arrow:",
            **acting(services().evaluation.start, recipe, say="Started. It goes on if you close this page."),
        )


def running(runs: Sequence[Run]) -> None:
    """Every evaluation that is not finished, live; and the newest if it failed."""
    shown = [run for run in runs if run.state not in FINISHED] or [run for run in runs[:1] if run.state != "succeeded"]
    for run in shown[:3]:
        with st.container(border=True):
            watch(run.id, run_header)


def results_tab(done: list[Run]) -> None:
    """Dot-and-interval plot, outcome bar, table and tiers of the chosen runs."""
    names = [run.name for run in done]
    chosen = st.multiselect(
        "Runs", names, default=names[:6], key="run", bind="query-params", placeholder="Choose runs to see"
    )
    if not chosen:
        return
    measured = {name: services().evaluation.results(name) for name in chosen}
    paper = st.toggle(
        "Show the paper's rows",
        key="evaluate.paper",
        help="DiaBENCH, N = 119: other scenarios than yours, so a mark and no comparison.",
    )
    dots = [
        charts.Dot(name, title, estimate.value, estimate.low, estimate.high, estimate.n)
        for name, numbers in measured.items()
        for key, title in HEADLINES.items()
        if (estimate := numbers.values.get(key)) is not None
    ]
    charts.draw(charts.interval_plot(dots, list(HEADLINES.values()), paper), "evaluate.dots", interval_words(dots))
    st.markdown("**How the conversations ended**")
    outcomes = {
        name: {kind: number for kind, number in numbers.outcomes.items() if number}
        for name, numbers in measured.items()
    }
    charts.draw(charts.outcome_bar(outcomes), "evaluate.outcomes", "Outcomes of each run, as shares")
    no_tool = {name: {k: n for k, n in numbers.no_tool_outcomes.items() if n} for name, numbers in measured.items()}
    if any(no_tool.values()):
        st.markdown("**When no tool in view fitted**")
        charts.draw(charts.outcome_bar(no_tool), "evaluate.none", "Outcomes where no tool fitted, as shares")
    metric_table(measured)
    tier_table(measured)
    with st.container(horizontal=True):
        for name in chosen[:6]:
            wiring.link(wiring.TRACES, f"Traces of {plain(name, 40)}", run=name)


def interval_words(dots: Sequence[charts.Dot]) -> str:
    return "; ".join(f"{dot.row} {dot.panel} {interval(dot.value, dot.low, dot.high, dot.n)}" for dot in dots)


def metric_table(measured: dict[str, Measurements]) -> None:
    """Every metric of every chosen run, what it means in the first column."""
    rows = []
    for key, metric in METRICS.items():
        values = {name: numbers.values.get(key) for name, numbers in measured.items()}
        if any(value is not None for value in values.values()):
            rows.append(
                {"Metric": metric.title, "Means": metric.description}
                | {name: figure(key, value) for name, value in values.items()}
            )
    rows += [
        {"Metric": title, "Means": means} | {name: figure("acc", pick(numbers)) for name, numbers in measured.items()}
        for title, means, pick in BESIDE
    ]
    with st.expander("All numbers", icon=":material/table_chart:", expanded=True):
        st.dataframe(
            pd.DataFrame(rows),
            hide_index=True,
            column_config={
                "Metric": st.column_config.TextColumn(pinned=True),
                "Means": st.column_config.TextColumn(width=170),
            },
        )


def figure(key: str, estimate: object) -> str:
    """`62 % (53–70), n = 119`; `not measured`; a number that is no share as it is."""
    if estimate is None:
        return "not measured"
    value, low, high, n = (getattr(estimate, name) for name in ("value", "low", "high", "n"))
    if key not in METRICS or METRICS[key].share:
        return interval(value, low, high, n)
    return f"{value:.2f} ({low:.2f}–{high:.2f}), n = {n}"


def tier_table(measured: dict[str, Measurements]) -> None:
    """Accuracy by difficulty."""
    rows = []
    for name, numbers in measured.items():
        row: dict[str, str] = {"Run": name}
        for tier in TIERS:
            part = numbers.by["tier"].get(tier)
            estimate = part.get("acc") if part else None
            row[tier.capitalize()] = figure("acc", estimate) if estimate is not None else "–"
        rows.append(row)
    with st.expander("Right, by difficulty", icon=":material/stairs:"):
        st.dataframe(pd.DataFrame(rows), hide_index=True)


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
    st.dataframe(pd.DataFrame(rows, columns=["Metric", "A − B", "95 % interval", "p"]), hide_index=True)
    boxes(a, b, found.pairs)


def signed(key: str, value: float) -> str:
    """`+12 pts` for a share, `+0.4` for another number."""
    share = key not in METRICS or METRICS[key].share
    text = f"{value * 100:+.0f} pts" if share else f"{value:+.2f}"
    return text.replace("-", "−")


def chance(p: float) -> str:
    """A p-value to three places, or that it is smaller."""
    return "< 0.001" if p < 0.001 else f"{p:.3f}"


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
            shown = Shown(key=f"compare.{name}.{trace.id}", tools=tools, marks=trace.audit, first=turn or 0)
            conversation(trace.turns, shown)


def scenario_words(run: str, scenario: str) -> str:
    """The scenario's opening words, from the run's table."""
    frame, _ = services().traces.page({"run": run, "scenario": scenario}, limit=1)
    return clip(frame["opening"].iloc[0], 100) if len(frame) else scenario
