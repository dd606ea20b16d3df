"""The weights that a run has saved: how good each is, and what can be done with it."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import pandas as pd
import streamlit as st

from diaforge_core.records.run import Run
from diaforge_core.services.training import Checkpoint
from diaforge_core.services.weights import Form

from . import wiring
from .background import on_demand
from .wiring import services, words_of
from .wording import interval, plain

FORMS: dict[Form, str] = {
    "huggingface": "A plain model folder, for transformers, vLLM and others",
    "gguf": "One GGUF file with a Modelfile, for Ollama and llama.cpp",
    "adapter": "The adapter alone, in half precision",
}
KINDS = {"f16": "16 bits", "q8_0": "8 bits, half the size", "bf16": "bfloat16", "f32": "32 bits, exact"}
SCORES = {"acc": "Acc", "ftr": "FTR", "tar": "TAR"}
HELP = (
    "Acc: the right call with the right arguments. FTR: any call to a wrong tool. TAR: no call though one was right. "
    "The star stands at the best Acc on the validation scenarios, where none were played at the lowest held-out loss. "
    "The newest two, the best, and those that you name for an evaluation, a talk, an export or a further run stay on "
    "disk; the others are deleted once a newer one is whole."
)


def checkpoints(run: Run) -> None:
    """How good each checkpoint is, and what can be done with the one that is chosen."""
    saved = services().training.checkpoints(run.id)
    if not saved:
        return
    st.markdown("**Weights**", help=HELP)
    frame = measured(saved, services().training.scores(run.id), services().training.curve(run.id))
    if len(frame.columns) > 1:
        st.table(frame, hide_index=True)  # its words wrap where the page is narrow
    names = {_title(checkpoint, run): checkpoint for checkpoint in reversed(saved)}
    best = next((place for place, checkpoint in enumerate(names.values()) if checkpoint.best), 0)
    title = st.selectbox(
        "Weights", list(names), best, key=f"train.weights.{run.id}.{len(saved)}", label_visibility="collapsed"
    )
    chosen = names[title]
    with st.container(horizontal=True, vertical_alignment="center"):
        wiring.link(wiring.PLAYGROUND, "Chat with it", icon="chat", model=chosen.spec)
        wiring.link(wiring.EVALUATE, "Evaluate", icon="leaderboard", model=chosen.spec)
        with st.popover("Export", icon=":material/ios_share:"):
            export(run, chosen)


def _title(checkpoint: Checkpoint, run: Run) -> str:
    ended = "at the end" if run.state == "succeeded" else "where it was stopped"
    where = f"{ended}, step {checkpoint.step}" if checkpoint.final else f"step {checkpoint.step}"
    return f"\N{BLACK STAR} {where}, the best" if checkpoint.best else where


def measured(saved: Sequence[Checkpoint], scores: pd.DataFrame, losses: pd.DataFrame) -> pd.DataFrame:
    """A row for each checkpoint that was judged: its step, Acc, FTR and TAR with their intervals, held-out loss."""
    rows = []
    for checkpoint in saved:
        here = [row for row in scores.to_dict("records") if row["step"] == checkpoint.step]
        found = {
            SCORES[row["metric"]]: _unbroken(interval(row["value"], row["low"], row["high"], row["n"]))
            for row in here
            if row["metric"] in SCORES
        }
        loss = [
            row["eval_loss"]
            for row in losses.dropna(subset=["eval_loss"]).to_dict("records")
            if row["step"] == checkpoint.step
        ]
        found |= {"Held-out loss": f"{loss[-1]:.3f}"} if loss else {}
        if found and not checkpoint.final:
            rows.append(
                {"Step": f"{checkpoint.step}\u00a0\N{BLACK STAR}" if checkpoint.best else str(checkpoint.step)} | found
            )
    return pd.DataFrame(rows)


def _unbroken(words: str) -> str:
    """`n = 1` on one line, where a cell is too narrow for all."""
    return words.replace("n = ", "n\u00a0=\u00a0")


def export(run: Run, checkpoint: Checkpoint) -> None:
    """Save these weights for another program, under a name inside the workspace's exports."""
    key = checkpoint.spec
    form = st.radio("As", list(FORMS), format_func=FORMS.__getitem__, key=f"train.form.{key}")
    kind = "f16"
    if form == "gguf":
        kind = st.selectbox("Numbers", list(KINDS), format_func=words_of(KINDS), key=f"train.kind.{key}")
    default = services().weights.default_name(key, form)
    name = st.text_input("Folder", default, key=f"train.folder.{key}.{form}", max_chars=64)
    work = partial(services().weights.save, key, form, name, kind=kind)
    asked = f"train.export.{run.id}.{key}.{form}.{kind}.{name}"
    found = on_demand("Save", asked, work, "Saving. A large model takes minutes.", once=True, type="primary")
    if found is not None:
        st.session_state[f"saved.{asked}"] = found
    saved = st.session_state.get(f"saved.{asked}")
    if saved is not None and saved.is_dir():
        st.markdown(f":material/check_circle: Saved, with a card that says where it comes from.\n\n`{plain(saved)}`")
