"""Work that runs on its own: how far it is, how long it will take, stop and resume."""

from __future__ import annotations

from collections.abc import Callable

import streamlit as st

from diaforge_core.records.run import FINISHED, RESUMABLE, Run

from .palette import RUN_STATES, badge_markdown
from .wiring import EVALUATE, GENERATE, TRAIN, acting, link, services
from .wording import ago, duration, exact, plain

PAGE_OF = {"generate": GENERATE, "train": TRAIN, "evaluate": EVALUATE}
SECONDS_BETWEEN = 1.5
"""How often running work is looked at; each look is one small query."""


def watch(run_id: str, draw: Callable[[Run], None]) -> None:
    """Call `draw` with the run: again and again while it runs, then once more with the whole page."""
    if services().jobs.get(run_id).state in FINISHED:
        draw(services().jobs.get(run_id))
        return

    @st.fragment(run_every=SECONDS_BETWEEN)
    def follow() -> None:
        run = services().jobs.get(run_id)
        draw(run)
        if run.state in FINISHED:
            st.rerun()

    follow()


def share_done(run: Run) -> float:
    """Between 0 and 1; 0 while nothing is known."""
    progress = run.progress
    return min(1.0, progress.done / progress.total) if progress and progress.total else 0.0


def how_far(run: Run) -> str:
    """`12 of 40 scenarios · 3 min left`, without what is not known."""
    progress = run.progress
    if progress is None:
        return "waiting for its turn" if run.state == "queued" else "starting"
    left = f" · {duration(progress.seconds_left)} left" if progress.seconds_left is not None else ""
    done = f"{progress.done:,} of {progress.total:,} {progress.unit}" if progress.total else progress.unit
    return f"{done}{left if run.state == 'running' else ''}"


def run_header(run: Run, *, resumes: bool = True) -> None:
    """Name, state, age, progress while it runs, its error if it failed, and the buttons that fit its state.

    Without `resumes` there is none that goes on with it: the page offers another way.
    """
    st.markdown(title_line(run), help=exact(run.ended or run.started or run.created))
    if run.state in {"queued", "running"}:
        st.progress(share_done(run), text=plain(how_far(run)))
        message = run.progress.message if run.progress else ""
        if message:
            st.caption(plain(message, 160))
    if run.error:
        st.error(plain(run.error), icon=":material/error:")
    run_buttons(run, resumes=resumes)


def title_line(run: Run) -> str:
    """Name, state and age as one line of Markdown."""
    when = run.ended or run.started or run.created
    return f"**{plain(run.name)}** {badge_markdown(RUN_STATES, run.state)} :gray[{ago(when)}]"


def run_buttons(run: Run, *, resumes: bool = True) -> None:
    """Pause, stop or go on, whichever fits, and the log."""
    jobs = services().jobs
    with st.container(horizontal=True):
        if run.state in {"queued", "running"}:
            if run.kind == "generate":
                st.button(
                    "Pause",
                    key=f"pause.{run.id}",
                    icon=":material/pause:",
                    help="Frees the machine at once; continue whenever you like.",
                    **acting(jobs.pause, run.id, say="Paused. What is made stays, and can be used."),
                )
            st.button(
                "Stop and keep",
                key=f"stop.{run.id}",
                icon=":material/stop_circle:",
                **acting(jobs.cancel, run.id, say="It ends the step it is at, keeps what it has, and stops."),
            )
        if resumes and run.state in RESUMABLE:
            word = "Continue" if run.state == "paused" else "Resume"
            st.button(word, key=f"resume.{run.id}", icon=":material/play_arrow:", **acting(jobs.resume, run.id))
        log_popover(run)


def log_popover(run: Run) -> None:
    """A button that shows what the worker wrote, and offers it as a file."""
    with st.popover("Log", icon=":material/article:", key=f"log.{run.id}"):
        text = services().jobs.log(run.id)
        st.code(text or "Nothing written yet.", language=None, height=260)
        st.download_button(
            "Download", text, file_name=f"{run.id}.log", key=f"download.{run.id}", icon=":material/download:"
        )


def side_line(run: Run) -> None:
    """Running work in the sidebar: a link to its page over a thin bar."""
    link(PAGE_OF[run.kind], plain(run.name, 28), icon="progress_activity", run=run.name)
    st.progress(share_done(run), text=plain(how_far(run)))
