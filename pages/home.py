"""Home: what is in the workspace and what to do next."""

from __future__ import annotations

import streamlit as st

from diaforge_core.errors import DataError
from diaforge_core.records.run import Run
from diaforge_core.services.workspace import Workspace
from pages.components import wiring
from pages.components.keeping import keeping_box
from pages.components.palette import RUN_STATES, badge_markdown
from pages.components.run_progress import how_far
from pages.components.wiring import page, services
from pages.components.wording import ago, count, exact, interval, plain


def stations(workspace: Workspace) -> list[tuple[str, str, str, str, str]]:
    """The loop from left to right: icon, name, number, state, page."""
    catalogs, datasets = workspace.catalogs.names(), workspace.datasets.names()
    whole = [info for info in datasets if not info.parent]
    trained, judged = workspace.training.runs(), workspace.evaluation.runs()
    total = sum(info.dialogues for info in whole)
    decided = sum(info.accepted + info.rejected + info.flagged for info in whole)
    waiting = sum(info.pending for info in whole)
    tools = sum(info.tools for info in catalogs)
    return [
        ("hub", "Catalog", f"{tools:,}", f"tools in {count(len(catalogs), 'catalog')}", wiring.CATALOG),
        ("forum", "Dialogues", f"{total:,}", f"in {count(len(whole), 'dataset')}", wiring.GENERATE),
        ("rate_review", "Reviewed", f"{decided:,}", f"{waiting:,} still to review", wiring.REVIEW),
        ("model_training", "Models", f"{_finished(trained)}", f"trained in {count(len(trained), 'run')}", wiring.TRAIN),
        ("leaderboard", "Evaluations", f"{_finished(judged)}", "live, with intervals", wiring.EVALUATE),
    ]


def _finished(runs: list[Run]) -> int:
    return sum(run.state == "succeeded" for run in runs)


def loop(workspace: Workspace) -> None:
    for column, (icon, name, number, state, target) in zip(st.columns(5), stations(workspace), strict=True):
        with column.container(border=True, height="stretch"):
            st.metric(f":material/{icon}: {name}", number)
            st.caption(state)
            wiring.link(target, DOORS[name])


def last_result(workspace: Workspace) -> None:
    """The best evaluation as one sentence, beside the newest other one where they share scenarios."""
    done = [run for run in workspace.evaluation.runs() if run.state == "succeeded"]
    if not done:
        return
    newest = max(done, key=lambda run: (run.result.get("acc") or {"value": 0.0})["value"])
    others = [run for run in done if run.id != newest.id]
    with st.container(border=True):
        st.caption(f"Best result · {ago(newest.ended)}", help=exact(newest.ended))
        acc = newest.result.get("acc")
        if acc:
            figures = interval(acc["value"], acc["low"], acc["high"], acc["n"])
            st.markdown(f"**{plain(newest.name)}** ended right in **{figures}** of its conversations.")
        if others:
            try:
                st.markdown(plain(workspace.evaluation.compare(newest.name, others[0].name).verdict))
            except DataError:
                st.caption("It shares no scenario with the newest other one, so the two are not compared.")
        wiring.link(wiring.EVALUATE, "See the numbers", run=newest.name)


def next_steps(workspace: Workspace) -> list[tuple[str, str, dict[str, str], str]]:
    """At most three: label, page, its query, why; in the order that helps most."""
    steps: list[tuple[str, str, dict[str, str], str]] = []
    datasets = workspace.datasets.names()
    if not workspace.catalogs.names():
        steps.append(("Import a catalog", wiring.CATALOG, {}, "Everything starts from the tools you have."))
    elif not datasets:
        steps.append(("Generate dialogues", wiring.GENERATE, {}, "Five come as a preview, without starting anything."))
    waiting = next((info for info in datasets if info.pending and not info.parent), None)
    if waiting:
        why = f"{count(waiting.pending, 'dialogue')} of {waiting.name} passed every check and nobody has read them."
        steps.append(("Review dialogues", wiring.REVIEW, {"dataset": waiting.name}, why))
    if any(info.kept for info in datasets) and not workspace.training.runs():
        steps.append(
            ("Train a model", wiring.TRAIN, {}, "A small one tunes on this machine, without a GPU if need be.")
        )
    if workspace.training.runs():
        steps.append(
            ("Evaluate it live", wiring.EVALUATE, {}, "Against a simulated user, on scenarios it has not seen.")
        )
    if workspace.catalogs.names():
        steps.append(("Talk to a model", wiring.PLAYGROUND, {}, "Play the user and watch the candidates fall away."))
    return steps[:3]


def steps_and_activity(workspace: Workspace) -> None:
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Next", anchor=False)
        for number, (label, target, query, why) in enumerate(next_steps(workspace), start=1):
            with st.container(border=True):
                wiring.link(target, f"**{number}. {label}**", **query)
                st.caption(plain(why))
    with right:
        st.subheader("Lately", anchor=False)
        rows = [(d.when, f"**{plain(d.who)}** {DONE[d.kind]} a dialogue") for d in workspace.review.recent(6)]
        rows += [
            (run.ended or run.created, f"**{plain(run.name)}** {badge_markdown(RUN_STATES, run.state)}")
            for run in workspace.jobs.listed()[:6]
        ]
        for when, text in sorted(rows, key=lambda row: exact(row[0]), reverse=True)[:8]:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.markdown(text, width="content")
                st.badge(ago(when), color="gray", help=exact(when))
        if not rows:
            st.caption("What people decide and what runs finish is listed here.")


DOORS = {
    "Catalog": "Browse",
    "Dialogues": "Generate",
    "Reviewed": "Review",
    "Models": "Train",
    "Evaluations": "Evaluate",
}
DONE = {
    "accept": "accepted",
    "reject": "rejected",
    "flag": "flagged",
    "edit": "edited",
    "reopen": "reopened",
    "restore": "restored an earlier version of",
    "undo": "took back a decision on",
    "redo": "did again what was taken back on",
}


def demo_box(workspace: Workspace) -> None:
    with st.expander("Demo data", icon=":material/science:", expanded=workspace.is_empty):
        st.markdown(
            "A sample enterprise catalog with near-duplicates, dialogues in every review state and four recorded "
            "evaluations. It needs no model and no network, and takes less than a minute."
        )
        empty = not any(info.name == "demo" for info in workspace.datasets.names())
        label = "Build the demo" if empty else "Reset the demo"
        if st.button(label, key="home.demo", icon=":material/restart_alt:", type="primary" if empty else "secondary"):
            with st.status("Building the demo …", expanded=True) as status:
                make = workspace.demo.build if empty else workspace.demo.reset
                make(on_progress=lambda run: status.update(label=f"{plain(run.name)}: {plain(how_far(run))}"))
            wiring.tell("The demo is ready.")
            st.rerun()


with page("Home", "What is here, and what to do next."):
    here = services()
    if here.is_empty:
        st.info("This workspace is empty. Build the demo to look around, or import your own catalog.")
        demo_box(here)
        wiring.link(wiring.CATALOG, "Import a catalog")
    else:
        loop(here)
        last_result(here)
        steps_and_activity(here)
        keeping_box()
        demo_box(here)
