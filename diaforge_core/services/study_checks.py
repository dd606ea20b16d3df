"""Whether training data hold anything of the test: its dialogues, its tools or what is alike them, its phrases."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

from ..conversation.wording import runs_of, sequences
from ..records.dialogue import Dialogue
from .study_folder import Facts

if TYPE_CHECKING:
    from .workspace import Workspace

SHOWN = 5
"""Phrases that are named."""


def check_training_data(
    workspace: Workspace, learned: Sequence[str], judged: str, before: Sequence[Dialogue] = ()
) -> Facts:
    """`clean`, a `message` where it is not, what was compared, and the `stamps` of the datasets as they were.

    `shared`, `near`: dialogues of the judged dataset that are in, or have a tool alike one of, those learned from.
    `before` are dialogues that the model learned from earlier, as they were then.
    `phrases`: runs of five words of the evaluation's phrase bank that stand in a learned dialogue.
    """
    datasets = workspace.datasets
    leaks = [workspace.leaks.between(name, judged) for name in learned]
    leaks += [workspace.leaks.among(before, judged)] if before else []
    bank, found = sequences("evaluation"), set[tuple[str, ...]]()
    turns = 0
    for dialogue in chain(before, *map(datasets.stream, learned)):
        for turn in dialogue.turns:
            turns += 1
            found.update(bank.intersection(runs_of(turn.reply)))
    phrases = sorted(" ".join(run) for run in found)
    closest = [leak.closest for leak in leaks if leak.closest]
    facts: Facts = {
        "learned": list(learned),
        "judged": judged,
        "dialogues": len(before) + sum(datasets.info(name).kept for name in learned),
        "before": len(before),
        "turns": turns,
        "shared": sum(leak.shared for leak in leaks),
        "near": sum(leak.near for leak in leaks),
        "closest": max(closest, key=lambda pair: pair[2], default=None),
        "phrases": phrases[:SHOWN],
        "phrases_found": len(phrases),
        "phrases_compared": len(bank),
        "stamps": {name: datasets.stamp(name) for name in (*learned, judged)},
    }
    message = _message(facts)
    return facts | {"clean": not message, "message": message}


def _message(facts: Facts) -> str:
    """What is wrong and what to do, in one message; empty where nothing is."""
    wrong = []
    if facts["shared"]:
        wrong.append(f"{facts['shared']} of its dialogues are learned from")
    if facts["near"]:
        wrong.append(f"{facts['near']} of its dialogues have a tool that is learned from, or one alike")
    if facts["phrases_found"]:
        listed = ", ".join(f"'{phrase}'" for phrase in facts["phrases"])
        wrong.append(f"{facts['phrases_found']} phrases of its user are learned from, such as {listed}")
    if not wrong:
        return ""
    return (
        f"The training data hold some of the test '{facts['judged']}': {'; '.join(wrong)}. Nothing was trained. Take "
        f"them out of {' and '.join(map(repr, facts['learned']))}, or begin a study under a new name"
        f"{' that starts from other weights' if facts['before'] else ''}."
    )
