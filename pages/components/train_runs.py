"""The training runs: how one is going, beside which others, and order among them."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from diaforge_core.records.run import FINISHED, Run
from diaforge_core.services.training import Broken, trained_with

from . import charts, wiring
from .run_progress import run_header, watch
from .train_weights import checkpoints
from .wiring import acting, services, who
from .wording import count, duration, memory, plain


def runs(found: list[Run]) -> None:
    """All training runs, and the chosen one in full."""
    st.subheader("Runs", anchor=False)
    undo_line()
    if not found:
        st.caption(
            "The loss of a run, its checkpoints and its log are shown here, "
            "also while it goes on and after you come back."
        )
        return
    names = [run.name for run in found]
    chosen = wiring.linked(st.selectbox, "Run", names, "run", found[0].name)
    run = next(run for run in found if run.name == chosen)
    beside = st.multiselect(
        "Beside it",
        [name for name in names if name != chosen],
        key=f"train.beside.{run.id}",
        placeholder="Other runs, in the same figure",
        max_selections=4,
    )
    others = [other for other in found if other.name in beside]
    watch(run.id, lambda now: _run_box(now, others))
    if others:
        _differences([run, *others])
    checkpoints(run)
    with st.expander("Rename, delete, what it was started with", type="compact", icon=":material/settings:"):
        _order(run)
        st.caption("The configuration as it was frozen when the run was started:")
        st.code(services().training.command_text(services().training.recipe(run.id)), language="bash", wrap_lines=True)


def _run_box(run: Run, others: Sequence[Run]) -> None:
    broken = services().training.broken(run.id)
    run_header(run, resumes=broken is None)
    if broken:
        _go_on(run, broken)
    totals = services().training.totals(run.id)
    if totals:
        unit = "pair" if "pairs" in totals else "dialogue"
        left_out = f", {count(totals['left_out'], unit)} left out" if totals.get("left_out") else ""
        st.caption(
            f"{count(totals[f'{unit}s'], unit)}, {totals['tokens']:,} tokens an epoch, "
            f"{totals['target_tokens']:,} of them learned{left_out}"
        )
    frame = curve(run)
    if frame.empty:
        if run.state in FINISHED:
            st.caption("It ended before its first step was logged.")
        else:
            st.skeleton(height=300)
        return
    figure = charts.loss_chart(frame, {other.name: curve(other) for other in others})
    charts.draw(figure, f"loss.{run.id}", loss_words(frame))
    _numbers(run, frame)


def _go_on(run: Run, broken: Broken) -> None:
    """What the broken weights cost, and the button that goes on without them."""
    again = f"Steps {broken.whole + 1:,} to {broken.reached:,} are done again, on the same data with the same choices."
    word = f"Go on from step {broken.whole:,}" if broken.whole else "Start anew with the same settings"
    st.markdown(f"{again} The broken weights are deleted.")
    st.button(
        word,
        key=f"train.go_on.{run.id}",
        type="primary",
        icon=":material/settings_backup_restore:",
        **acting(services().training.go_on, run.id),
    )


def curve(run: Run) -> pd.DataFrame:
    """What the run logged by step, with the accuracy of the steps at which conversations were played."""
    frame = services().training.curve(run.id)
    scores = services().training.scores(run.id)
    found = {row["step"]: row["value"] for row in scores.to_dict("records") if row["metric"] == "acc"}
    return frame.assign(acc=[found.get(step) for step in frame["step"].tolist()])


def _numbers(run: Run, frame: pd.DataFrame) -> None:
    """The newest numbers, in a row that breaks where the page is narrow."""
    peak = newest(frame, "peak_memory_bytes") or run.result.get("peak_memory_bytes")
    left = run.progress.seconds_left if run.progress and run.state == "running" else None
    shown = [
        ("Loss", _number(newest(frame, "loss"), ".3f"), "Mean over the words learned; lower is better."),
        (
            "Held-out loss",
            _number(newest(frame, "eval_loss"), ".3f"),
            "The same on dialogues that are not learned from.",
        ),
        ("Learning rate", _number(newest(frame, "learning_rate"), ".1e"), "Size of the last step."),
        ("Tokens a second", _number(newest(frame, "tokens_per_second"), ",.0f"), "Read, each history once."),
        ("Memory", memory(peak) if peak else "–", "Peak so far."),
        ("Time left", duration(left) or "–", "At the pace of this start alone."),
    ]
    with st.container(horizontal=True):
        for label, value, help_ in shown:
            if value != "–":
                st.metric(label, value, width=128, help=help_)


def _number(value: float | None, form: str) -> str:
    return "–" if value is None else format(value, form)


def newest(frame: pd.DataFrame, column: str) -> float | None:
    """The last value of a column; None where it is not there or empty."""
    values = frame[column].dropna().tolist() if column in frame else []
    return float(values[-1]) if values else None


def loss_words(frame: pd.DataFrame) -> str:
    losses = frame["loss"].dropna()
    return (
        f"Loss from {losses.iloc[0]:.3f} to {losses.iloc[-1]:.3f} over {len(losses)} logged steps"
        if len(losses)
        else "No loss yet"
    )


def _differences(chosen: Sequence[Run]) -> None:
    """What the runs train with, where it is not the same for all."""
    rows = differences({run.name: trained_with(run) for run in chosen})
    if not rows:
        st.caption("They were all started with the same choices.")
        return
    frame = pd.DataFrame(rows).T.rename_axis("choice")
    st.dataframe(frame, key=f"train.differences.{'.'.join(run.id for run in chosen)}", width="stretch")


def differences(recipes: dict[str, dict[str, object]]) -> dict[str, dict[str, str]]:
    """Choice → run → its value in words, for the choices in which the recipes differ; their names are left out."""
    fields = sorted({field for recipe in recipes.values() for field in recipe} - {"run", "seen"})
    found = {
        field.replace("_", " "): {name: _shown(recipe.get(field)) for name, recipe in recipes.items()}
        for field in fields
    }
    return {field: values for field, values in found.items() if len(set(values.values())) > 1}


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "–" if value in (None, "") else str(value)


def _order(run: Run) -> None:
    """Rename and delete."""
    keeping = services().housekeeping
    with st.container(horizontal=True, vertical_alignment="bottom"):
        new = st.text_input("New name", key=f"train.new.{run.id}", placeholder=run.name, max_chars=64)
        st.button("Rename", key=f"train.rename.{run.id}", disabled=not new.strip(), **acting(rename, run.name, new))
        st.button(
            "Delete",
            key=f"train.delete.{run.id}",
            icon=":material/delete:",
            disabled=run.state not in FINISHED,
            help="It waits thirty days in the bin." if run.state in FINISHED else "Stop it first.",
            **acting(lambda: delete(keeping.remove("run", run.name, who()).id, run.name)),
        )


def rename(old: str, new: str) -> None:
    """Give the run another name, and stay with it."""
    services().housekeeping.rename("run", old, new, who())
    st.query_params["run"] = new.strip()


def delete(binned: str, name: str) -> None:
    """Remember what was put into the bin, for `undo_line`."""
    st.session_state["train.binned"] = (binned, name)
    st.query_params.pop("run", None)


def undo_line() -> None:
    """What was just deleted, and the way back."""
    binned = st.session_state.get("train.binned")
    if not binned:
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":gray[{plain(binned[1])} is in the bin for thirty days.]", width="stretch")
        st.button("Undo", key="train.undo", type="tertiary", icon=":material/undo:", **acting(undo, *binned))


def undo(binned: str, name: str) -> None:
    """Take it out of the bin and show it."""
    st.query_params["run"] = services().housekeeping.restore(binned, who())
    st.session_state.pop("train.binned", None)
