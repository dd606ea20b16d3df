"""Before a run starts: whether it fits, how long it takes, what the trainer sees, the exact command, and Start."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import partial

import streamlit as st

from diaforge_core.records.base import content_id
from diaforge_core.services.datasets import DatasetInfo
from diaforge_core.services.preflight import Change, Preflight, planned_steps
from diaforge_core.services.training import TrainRecipe

from .background import on_demand
from .device import device_line
from .wiring import acting, guarded, services
from .wording import count, duration, memory, percent, plain

LONG_PIECE = 900
"""Characters above which a piece that is only read is cut in its middle."""
LINE_END, SPACE = "\N{DOWNWARDS ARROW WITH CORNER LEFTWARDS}", "\N{OPEN BOX}"
_MARKS = str.maketrans(
    {"\n": LINE_END, "\r": "\N{SYMBOL FOR CARRIAGE RETURN}", "\t": "\N{SYMBOL FOR HORIZONTAL TABULATION}"}
)
_UNSEEN_SPACES = re.compile(rf"\A +| +\Z| {{2,}}| +(?={LINE_END})|(?<={LINE_END}) +")


def start_box(recipe: TrainRecipe, datasets: Sequence[DatasetInfo]) -> None:
    """How much there is to do, what it needs, the exact command, and Start."""
    kept = next(info.kept for info in datasets if info.name == recipe.dataset)
    with st.container(border=True):
        by_pairs = recipe.stage == "preference"
        if not by_pairs:
            st.markdown(f"**{count(kept, 'dialogue')}**, **{count(planned_steps(kept, recipe), 'step')}**")
        device_line()
        with guarded():
            if by_pairs:
                pairs(recipe)
            fit(recipe)
        seen = TrainRecipe.model_validate(recipe.model_dump() | {"seen": services().datasets.stamp(recipe.dataset)})
        st.button(
            "Start training",
            key="train.start",
            type="primary",
            icon=":material/play_arrow:",
            **acting(start, seen, say="Started. It goes on if you close this page."),
        )
        with st.expander("The same as a command", type="compact", icon=":material/terminal:"):
            st.code(services().training.command_text(recipe), language="bash", wrap_lines=True)


def start(recipe: TrainRecipe) -> None:
    """Start the run and show it."""
    st.query_params["run"] = services().training.start(recipe).name


def pairs(recipe: TrainRecipe) -> None:
    """How many pairs the preference stage learns from and in how many steps, once asked, and anew as they grow."""
    found = on_demand(
        "Count its pairs",
        f"train.pairs.{content_id(recipe.model_dump(mode='json'))}",
        partial(services().preflight.pair_steps, recipe),
        "Looking for the mistakes to unlearn.",
        stamp=services().training.stamp(recipe),
        icon=":material/difference:",
    )
    if found is not None:
        st.markdown(f"**{count(found[0], 'pair')}**, **{count(found[1], 'step')}**")


def fit(recipe: TrainRecipe) -> None:
    """What was measured of this recipe, and where it does not fit what would; else a button that measures it."""
    stamp, unit = services().training.stamp(recipe), "pair" if recipe.stage == "preference" else "dialogue"
    preflight, key = services().preflight, content_id(recipe.model_dump(mode="json"), stamp)
    found = preflight.known(recipe)
    if found is not None:
        needs(found, unit, plays=bool(recipe.validation and recipe.watch))
    fresh = on_demand(
        "Measure whether it fits" if found is None else "Measure again",
        f"train.measure.{key}",
        partial(preflight.measure, recipe, again=found is not None),
        f"Measuring: the run is begun on its longest {unit}, and dropped. A minute or a few.",
        once=True,
        icon=":material/straighten:",
        help=f"Begins the run on the longest {unit} and drops it: memory, disk and time as they are here.",
    )
    if fresh is not None:
        st.rerun()
    if found is not None and not found.fits:
        _mend(recipe, content_id(key, found.measured.model_dump()))


def needs(found: Preflight, unit: str, plays: bool) -> None:
    """Memory against the device's, disk, time, and tokens; `unit` is what is learned from, a dialogue or a pair."""
    measured = found.measured
    how = f"measured on your longest {unit}" if measured.was_tried else f"reckoned from shorter {unit}s"
    said = f"Needs {memory(found.needs)} of {memory(measured.device_bytes)}, {how}"
    if found.fits:
        st.markdown(f":material/check_circle: **{said}**")
    else:
        when = "were free when it was measured" if measured.device.startswith("cuda") else "are free"
        st.error(f"{said}. It does not fit: {memory(found.free)} {when}.", icon=":material/memory_alt:")
    share = found.needs / measured.device_bytes
    st.progress(min(1.0, share), text=f"{percent(share)} of the memory here")
    where = measured.device_name or {"cpu": "the processor", "mps": "this Mac's GPU"}.get(measured.device, "the GPU")
    besides = ", besides the conversations that it plays" if plays else ""
    st.caption(
        f"About **{duration(found.seconds)}** on {plain(where)}{besides}. {measured.tokens:,} tokens an epoch, "
        f"{measured.target_tokens:,} of them learned; the longest {unit} has {measured.longest:,}."
    )
    on_disk = (
        f"Its weights take at most **{memory(found.disk_needs)}** on disk, where {memory(found.disk_free)} are free"
    )
    if found.fits_disk:
        st.caption(f"{on_disk}.")
    else:
        st.error(f"{on_disk}. Make room first: it would stop half-way.", icon=":material/hard_drive:")
    if measured.left_out:
        st.caption(f":material/content_cut: Too long for the model and left out: {count(measured.left_out, unit)}.")


def _mend(recipe: TrainRecipe, key: str) -> None:
    """The smallest change that fits, one click away."""
    preflight = services().preflight
    found = on_demand(
        "Find the smallest change that fits",
        f"train.mend.{key}",
        lambda: (preflight.change_that_fits(recipe),),
        "Trying smaller ways. A minute or a few.",
        icon=":material/build:",
    )
    if found is None:
        return
    change = found[0]
    if change is None:
        st.caption("No change of these choices fits. Take a smaller model.")
        return
    st.markdown(f"**{plain(change.words)}.** Then it needs {memory(change.needs)}.")
    st.button("Use it", key="train.use", type="primary", icon=":material/check:", **acting(use, recipe, change))


def use(recipe: TrainRecipe, change: Change) -> None:
    """Put the change into the form."""
    preset = st.session_state.get("train.preset", "CPU demo")
    for name, value in change.fields.items():
        st.session_state[f"train.{name}.{preset}"] = value
    if change.leave_out:
        st.session_state["dataset"] = services().preflight.leave_out(recipe.dataset, change.leave_out)


def mask_preview(recipe: TrainRecipe) -> None:
    """The text that the trainer sees of one dialogue, what is learned tinted."""
    with st.expander("What the trainer sees", icon=":material/texture:", type="default"), guarded():
        ids = services().masks.ids(recipe.dataset)
        which = st.text_input(
            "Dialogue",
            "1",
            key=f"train.mask.{recipe.dataset}",
            max_chars=64,
            help=f"A number from 1 to {len(ids):,}, or the beginning of an id.",
        )
        model, stamp = services().models.resolve(recipe.model), services().datasets.stamp(recipe.dataset)
        how = (recipe.loss_mask, recipe.keep_thoughts, recipe.without_thoughts, recipe.rendering)
        asked = content_id(recipe.dataset, stamp, which, model, *how)
        work = partial(services().masks.preview, recipe, which)
        mask = on_demand(
            "Show", f"train.mask.{asked}", work, "Reading it with the model's tokenizer.", icon=":material/visibility:"
        )
        if mask is None:
            st.caption("Tinted words are learned; the rest is only read.")
            return
        st.caption(
            f"Dialogue {mask.number} of {len(ids):,}, `{mask.dialogue}`: **{mask.tokens:,} tokens**, of which "
            f"**{mask.target_tokens:,} learned** (tinted). The run's log gives the totals of all. "
            f"{LINE_END} is the end of a line, {SPACE} a space that would not be seen."
        )
        with st.container(height=380, border=False):
            draw_mask(mask.pieces)


def draw_mask(pieces: Sequence[tuple[str, bool]]) -> None:
    """Each piece on its own, learned ones tinted; a long piece that is only read is cut in its middle."""
    for text, learned in pieces:
        if learned:
            st.markdown(f":primary-background[{plain(marked(text))}]")
        elif text:
            cut = len(text) > LONG_PIECE
            parts = [text[:500], f"… {len(text) - 800:,} characters …", text[-300:]] if cut else [text]
            st.text("\n".join(marked(part).replace(LINE_END, f"{LINE_END}\n").rstrip("\n") for part in parts))


def marked(text: str) -> str:
    """The text in one line, with a mark for each character that would not be seen."""
    return _UNSEEN_SPACES.sub(lambda found: SPACE * len(found.group()), text.translate(_MARKS))
