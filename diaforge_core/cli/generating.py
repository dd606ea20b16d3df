"""The command line's words about generating dialogues."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from .asking import JsonOption, WorkspaceOption, absolute, do, spec

app = typer.Typer(no_args_is_help=True)
"""Commands that stand beside all others."""
Many = list[str] | None
MaxTokens = Annotated[int | None, typer.Option(help="Tokens that the run may spend on models.")]
MaxMoney = Annotated[float | None, typer.Option(help="Money that the run may spend on models.")]
MaxCalls = Annotated[int | None, typer.Option(help="Requests that the run may send to models.")]
PriceOption = Annotated[
    Many, typer.Option(metavar="MODEL=READ/WRITTEN", help="What a million tokens cost that a model reads, and writes.")
]
Workers = Annotated[int, typer.Option(help="Processes at the same time; 0 for as many as pay.")]
EngineOption = Annotated[
    Literal["local", "ray"], typer.Option(help="This machine's processes, or the Ray cluster at RAY_ADDRESS.")
]
Shards = Annotated[str, typer.Option(help="Folder or store, as fsspec names it, that all processes reach.")]


@app.command()
def generate(
    catalog: Annotated[str, typer.Option(help="Catalog to draw scenarios from.")],
    dataset: Annotated[str, typer.Option(help="Dataset that the dialogues go into.")],
    count: Annotated[int, typer.Option(help="Scenarios attempted.")] = 50,
    seed: Annotated[int, typer.Option(help="Same seed, same dialogues.")] = 0,
    mix: Annotated[Many, typer.Option(metavar="TIER=SHARE", help="Share of a tier; those not named get none.")] = None,
    no_tool_share: Annotated[float, typer.Option(help="Share of scenarios without a right tool in view.")] = 0.1,
    goal_tools: Annotated[Many, typer.Option("--goal-tool", help="Tool that may be the goal.")] = None,
    near_floor: Annotated[float, typer.Option(help="Least closeness of a distractor to the goal tool, 0 to 1.")] = 0.0,
    near_ceiling: Annotated[float, typer.Option(help="Greatest closeness of a distractor to the goal tool.")] = 1.0,
    neighbours: Annotated[int, typer.Option(help="How many of a tool's nearest others are looked at.")] = 24,
    dial_share: Annotated[float, typer.Option(help="Share of scenarios whose user disturbs the conversation.")] = 0.2,
    dials: Annotated[Many, typer.Option("--dial", help="Behaviour that may do so, such as corrects.")] = None,
    styles: Annotated[Many, typer.Option("--style", help="Way of writing that a persona may have.")] = None,
    departments: Annotated[Many, typer.Option("--department", help="Department that a persona may be of.")] = None,
    typos: Annotated[float, typer.Option(help="Share of user turns with a slip of the keyboard.")] = 0.15,
    assistant: Annotated[str, typer.Option(help="Model spec of the teacher.")] = "scripted:oracle",
    user: Annotated[str, typer.Option(help="`scripted`, or the model spec of the user side.")] = "scripted",
    words: Annotated[str, typer.Option(help="Model spec that words what the scripts plan.")] = "",
    critic: Annotated[str, typer.Option(help="Model spec of the critic, the last verifier.")] = "",
    votes: Annotated[int, typer.Option(help="Drafts of a turn that a model-driven user chooses from.")] = 3,
    max_tokens: MaxTokens = None,
    max_money: MaxMoney = None,
    max_calls: MaxCalls = None,
    price: PriceOption = None,
    workers: Workers = 0,
    engine: EngineOption = "local",
    shards: Shards = "",
    workspace: WorkspaceOption = None,
    json_: JsonOption = False,
) -> None:
    """Generate ambiguous dialogues."""
    params: dict[str, Any] = {
        "catalog": catalog, "dataset": dataset, "count": count, "seed": seed, "no_tool_share": no_tool_share,
        "goal_tools": goal_tools or [], "near_floor": near_floor, "near_ceiling": near_ceiling,
        "neighbours": neighbours, "dial_share": dial_share, "dials": dials or [], "styles": styles or [],
        "departments": departments or [], "typos": typos, "assistant": spec(assistant), "user": spec(user),
        "words": spec(words), "critic": spec(critic), "votes": votes,
    }  # fmt: skip
    params |= spending(max_tokens, max_money, max_calls, price) | sharing(workers, engine, shards)
    params |= {"mix": tier_shares(mix)} if mix else {}
    do("generate", params, workspace, json_)


@app.command()
def pause(run: str, workspace: WorkspaceOption = None, json_: JsonOption = False) -> None:
    """Stop a run for a while; `resume` goes on with it."""
    do("pause", {"run": run}, workspace, json_)


def tier_shares(given: Sequence[str]) -> dict[str, float]:
    """Tier → share of `tier=share` words; BadParameter for one of another form."""
    return {name: _number(share, each) for each in given for name, _, share in [each.partition("=")]}


def spending(tokens: int | None, money: float | None, calls: int | None, price: Many) -> dict[str, Any]:
    """The fields of a recipe that say what models may cost."""
    return {"limits": {"tokens": tokens, "money": money, "calls": calls}, "prices": prices(price or ())}


def sharing(workers: int, engine: str, shards: str) -> dict[str, Any]:
    """The fields of a recipe that say how it is spread over processes."""
    address = absolute(Path(shards)) if shards and "://" not in shards else shards
    return {"workers": workers, "engine": engine, "shards": address}


def prices(given: Sequence[str]) -> dict[str, dict[str, float]]:
    """Model → price of `model=read/written` words; BadParameter for one of another form."""
    found = {}
    for each in given:
        # A model's own name may hold both signs.
        model, _, price = each.rpartition("=")
        read, _, written = price.partition("/")
        found[model] = {"prompt": _number(read, each), "completion": _number(written, each)}
    return found


def _number(text: str, given: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise typer.BadParameter(f"'{given}' is not complete: a number is missing.") from None
