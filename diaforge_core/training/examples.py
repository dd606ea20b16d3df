"""Dialogues as tokens: the shared history once (the trunk), and each trained assistant turn beside it (a branch).

METHOD.md §3: for assistant turn t the input is system + u₁ a₁ … u_t and the target is a_t, thought and reply or call.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ..conversation.prompts import END, chat_messages, header, render_target
from ..conversation.renderings import Rendering, rendering_of
from ..errors import DataError, problem_list
from ..records.dialogue import Dialogue, Turn
from ..records.tool import Tool

LossMask = Literal["assistant_only", "final_call_only", "all"]
TooLong = Literal["refuse", "leave_out"]
"""What becomes of dialogues that are longer than the limit."""
ToolsOf = Callable[[Dialogue], Sequence[Tool]]


@dataclass(frozen=True, slots=True)
class Branch:
    """One target turn."""

    start: int
    """Number of trunk tokens that it follows and attends to."""
    tokens: tuple[int, ...]
    """The turn with its thought and the end token; all of it is in the loss."""


@dataclass(frozen=True, slots=True)
class Example:
    """One dialogue as tokens."""

    dialogue: str
    """Id of the dialogue."""
    trunk: tuple[int, ...]
    branches: tuple[Branch, ...]
    trained: tuple[tuple[int, int], ...] = ()
    """Spans `[start, end)` of trunk tokens that are in the loss themselves; `start` is never 0."""

    @property
    def tokens(self) -> int:
        """Tokens that the model reads in one pass."""
        return len(self.trunk) + sum(len(branch.tokens) for branch in self.branches)

    @property
    def target_tokens(self) -> int:
        """Tokens in the loss."""
        return sum(len(branch.tokens) for branch in self.branches) + sum(end - start for start, end in self.trained)

    @property
    def longest_slice(self) -> int:
        """Tokens of its longest input with target: what must fit into the model's context."""
        return max([len(self.trunk), *(branch.start + len(branch.tokens) for branch in self.branches)])


class Examples(list[Example]):
    """Examples in order, and the dialogues that are not among them."""

    def __init__(self, examples: Iterable[Example], left_out: Iterable[tuple[str, str]] = ()) -> None:
        super().__init__(examples)
        self.left_out = tuple(left_out)
        """Id of each dialogue that was left out as too long, and its length beside the limit, in words."""


def build_examples(
    dialogues: Iterable[Dialogue],
    tools_of: ToolsOf,
    tokenizer: Any,
    *,
    loss_mask: LossMask = "assistant_only",
    keep_thoughts: bool = False,
    without_thoughts: bool = False,
    max_tokens: int | None = None,
    too_long: TooLong = "refuse",
    rendering: str = "",
) -> Examples:
    """One example a dialogue, in order. Earlier thoughts are dropped from the history unless kept; all, if `without`.

    Nothing is cut. DataError that names every dialogue with nothing to train on or, by `too_long`, longer than
    `max_tokens`; by choice the long ones are left out, and named in what comes back. Masks: `assistant_only` all
    assistant turns; `final_call_only` the last of them; `all` each token once. `rendering` as for `rendering_of`.
    """
    check_loss_mask(loss_mask)
    form = rendering_of(tokenizer, rendering)
    examples, problems, long = [], [], []
    for given in dialogues:
        dialogue = thoughtless(given) if without_thoughts else given
        example = build_example(dialogue, tools_of(dialogue), form, loss_mask, keep_thoughts)
        if not example.target_tokens:
            problems.append((dialogue.id, "it has no assistant turn to train on"))
        elif max_tokens is not None and example.longest_slice > max_tokens:
            long.append((dialogue.id, f"{example.longest_slice} tokens, the limit is {max_tokens}"))
        else:
            examples.append(example)
    if too_long == "refuse":
        problems, long = problems + long, []
    if problems:
        headline = f"{len(problems)} of {len(examples) + len(problems) + len(long)} dialogues cannot be trained on:"
        raise DataError(problem_list(headline, problems, "Leave them out, or use a model with a longer context."))
    if long and not examples:
        raise DataError(problem_list("Every dialogue is too long:", long, "Use a model with a longer context."))
    return Examples(examples, long)


def thoughtless(dialogue: Dialogue) -> Dialogue:
    """The dialogue without any thought."""
    turns = tuple(turn.model_copy(update={"thought": ""}) for turn in dialogue.turns)
    return dialogue.model_copy(update={"turns": turns})


def check_loss_mask(loss_mask: str) -> None:
    """DataError that lists the masks if this is none."""
    if loss_mask not in get_args(LossMask):
        raise DataError(f"There is no loss mask '{loss_mask}'. Use one of: {', '.join(get_args(LossMask))}.")


def build_example(
    dialogue: Dialogue,
    tools: Sequence[Tool],
    rendering: Rendering,
    loss_mask: LossMask = "assistant_only",
    keep_thoughts: bool = False,
) -> Example:
    """The tokens of one dialogue; history and targets are exactly what the model reads and writes when it is used.

    With thoughts kept the history holds the targets as they are, and one plain pass needs no branch.
    """
    everything = loss_mask == "all"
    targets = _target_turns(dialogue.turns, loss_mask)
    messages = rendering.messages(dialogue.scenario.setting, dialogue.turns, tools, keep_thoughts=keep_thoughts)
    trunk: list[int] = []
    spans, branches = [], []
    for piece in rendering.pieces(messages, tools):
        start = len(trunk)
        if piece.message is None:
            # Nothing comes before the first token that could predict it.
            spans += [(max(start, 1), start + len(piece.ids))] if everything else []
            trunk += piece.ids
            continue
        number = piece.message - 1
        target = rendering.target(dialogue.turns[number]) if number in targets else []
        if target and keep_thoughts:
            _check_same(piece.ids[: len(target)], target, dialogue)
            spans.append((start, start + len(target)))
        elif target:
            branches.append(Branch(start, tuple(target)))
        if number == max(targets, default=-1) and not everything:
            trunk += target if keep_thoughts else []
            break
        trunk += piece.ids
    return Example(dialogue.id, tuple(trunk), tuple(branches), tuple(spans))


def _check_same(read: Sequence[int], target: Sequence[int], dialogue: Dialogue) -> None:
    """DataError if a turn reads otherwise in the history than it is to be written."""
    if list(read) != list(target):
        raise DataError(
            f"A turn of the dialogue {dialogue.id} reads otherwise in the model's template once the conversation goes "
            "on. Train without earlier thoughts, or take the built-in rendering (compact-1)."
        )


def _target_turns(turns: Sequence[Turn], loss_mask: LossMask) -> frozenset[int]:
    """Places of the turns to train on."""
    spoken = [number for number, turn in enumerate(turns) if turn.speaker == "assistant"]
    return frozenset(spoken[-1:] if loss_mask == "final_call_only" else spoken)


def slices(example: Example) -> list[tuple[list[int], int]]:
    """What one pass stands for: each target with its whole history, as tokens and the number that are not trained.

    The reference that tests and benchmarks compare with. Only for examples without trained trunk spans other than
    whole targets.
    """
    apart = [([*example.trunk[: branch.start], *branch.tokens], branch.start) for branch in example.branches]
    return apart + [(list(example.trunk[:end]), start) for start, end in example.trained]


def loss_mask_preview(
    dialogue: Dialogue,
    tools: Sequence[Tool],
    tokenizer: Any = None,
    *,
    loss_mask: LossMask = "assistant_only",
    keep_thoughts: bool = False,
    without_thoughts: bool = False,
    rendering: str = "",
) -> list[tuple[str, bool]]:
    """The dialogue's text in reading order, in pieces, each with whether it is in the loss; needs no model.

    With a tokenizer the pieces are what it makes of them, in the model's own rendering, so that what it cannot write
    is seen. Trained turns are shown with their thought, once; the thought-free copies that later turns read are left
    out.
    """
    check_loss_mask(loss_mask)
    dialogue = thoughtless(dialogue) if without_thoughts else dialogue
    targets = _target_turns(dialogue.turns, loss_mask)
    if tokenizer is not None:
        return _tokens_preview(dialogue, tools, rendering_of(tokenizer, rendering), targets, loss_mask, keep_thoughts)
    messages = chat_messages(tools, dialogue.scenario.setting, dialogue.turns, keep_thoughts=keep_thoughts)
    everything = loss_mask == "all"
    pieces = [(f"{header('system')}{messages[0]['content']}{END}\n", everything)]
    for number, (turn, message) in enumerate(zip(dialogue.turns, messages[1:], strict=True)):
        trained = number in targets
        if turn.speaker != "assistant":
            pieces.append((f"{header('user')}{message['content']}{END}\n", everything))
            continue
        shown = render_target(turn) if trained else message["content"]
        pieces += [(header("assistant"), everything), (shown + END, trained), ("\n", everything)]
    return pieces


def _tokens_preview(
    dialogue: Dialogue,
    tools: Sequence[Tool],
    rendering: Rendering,
    targets: frozenset[int],
    loss_mask: LossMask,
    keep_thoughts: bool,
) -> list[tuple[str, bool]]:
    messages = rendering.messages(dialogue.scenario.setting, dialogue.turns, tools, keep_thoughts=keep_thoughts)
    shown = []
    for piece in rendering.pieces(messages, tools):
        ids, trained = piece.ids, loss_mask == "all"
        if piece.message is not None:
            number = piece.message - 1
            trained = number in targets
            ids = rendering.target(dialogue.turns[number]) if trained else ids
        shown.append((rendering.tokenizer.decode(ids), trained))
    return shown
