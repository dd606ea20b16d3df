"""The report of a study: the paper's table with rows of our own, from what runs, datasets and steps hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..errors import DiaForgeError
from ..evaluation.compare import Difference
from ..evaluation.metrics import Estimate, Values
from ..evaluation.paper import PAPER
from ..generator.identity import inline_text, table_lines
from ..generator.split import CLOSE
from ..records.dialogue import public_words
from ..records.run import Run
from ..records.scenario import TIERS
from ..records.trace import Trace
from .study_choices import ABLATIONS, StudyChoices
from .study_folder import Facts, StudyFolder
from .study_steps import CURVE, SCRIPTS
from .training import VALIDATED

if TYPE_CHECKING:
    from .studies import Stage
    from .workspace import Workspace

NAMES = {"acc": "Acc", "ftr": "FTR", "tar": "TAR"}
HEADLINES = tuple(NAMES)
FAIR = "acc_fair"
"""Accuracy without the conversations in which the simulated user was at fault."""
BESIDE = ("tool_accuracy", "refusal", "wrong_call")
TARGETS: tuple[tuple[str, str, float], ...] = (
    ("acc", "at least", 0.80),
    ("ftr", "at most", 0.08),
    ("tar", "at most", 0.06),
)
"""What the paper's tuned model of three billion parameters reaches."""
GAIN = 0.60
"""Points of accuracy above the untuned model at its best that the method is to bring."""
EXAMPLES = 3
"""Dialogues of each kind that are shown."""
TURN = 400
"""Characters of a turn that are shown of an example."""
NOT_RUN = "not run"
ROWS: tuple[tuple[str, str], ...] = (
    ("evaluate:base", "base, plain prompt"),
    ("evaluate:examples", "base, two worked examples"),
    ("free:base", "base, decoding free"),
    ("constrained:base", "base, decoding constrained"),
    ("evaluate:tuned", "tuned"),
    ("free:tuned", "tuned, decoding free"),
    ("constrained:tuned", "tuned, decoding constrained"),
    *((f"evaluate:{name}", f"script: {name}") for name in SCRIPTS),
    *((f"ablation:{name}:evaluate", f"tuned, {name.replace('-', ' ')}") for name in ABLATIONS),
)
"""Step → what its row is called, in the order of the table."""
BASES = ("evaluate:base", "evaluate:examples", "free:base", "constrained:base")
"""The untuned model in the ways in which it is asked."""


@dataclass(frozen=True, slots=True)
class Row:
    """One model on the scenarios of the held-out catalogs."""

    title: str
    values: Values
    """Metric → its estimate; empty where it is absent."""
    tiers: Mapping[str, Values]
    absent: str
    """Why there are no numbers; empty if there are some."""
    run: str
    """Name of the evaluation; empty if there is none."""
    model: str = ""
    """Model spec."""


@dataclass(frozen=True, slots=True)
class Point:
    """The tuned model after so many dialogues."""

    dialogues: int
    values: Values
    absent: str


@dataclass(frozen=True, slots=True)
class Example:
    """One scenario as the tuned model played it, and how the base did."""

    tuned: Trace
    base: Trace


@dataclass(frozen=True, slots=True)
class Target:
    """A number that is wanted of the tuned model."""

    what: str
    wanted: float
    reached: float | None
    """None where it was not measured."""
    met: bool | None


@dataclass(frozen=True, slots=True)
class StudyReport:
    """All that a study has come to so far."""

    choices: StudyChoices
    made: dt.datetime
    """UTC."""
    rows: Sequence[Row]
    near: Sequence[Row]
    """Base and tuned on tools held out of the catalogs that are trained on; empty where none are."""
    best_base: str
    """Title of the row of the untuned model at its best; empty while there is none."""
    gain: Mapping[str, Difference]
    """Metric → tuned minus base at its best; empty while one of them is missing."""
    verdict: str
    """The same in words."""
    targets: Sequence[Target]
    won: Sequence[Example]
    """Right for the tuned model, wrong for the base."""
    lost: Sequence[Example]
    """Wrong for the tuned model."""
    curve: Sequence[Point]
    parts: Facts
    check: Facts
    pace: Facts
    besides: Mapping[str, Facts]
    """base and tuned → what each can do besides; those that were measured."""
    stages: Sequence[Stage]
    machine: Facts
    looks: int
    """Evaluations on the held-out catalogs' scenarios so far."""


def report_of(workspace: Workspace, choices: StudyChoices, folder: StudyFolder, stages: Sequence[Stage]) -> StudyReport:
    """What the store holds of the study."""
    by_name = {stage.name: stage for stage in stages}
    rows = {step: _row(title, by_name[step]) for step, title in ROWS if step in by_name}
    tuned, bases = by_name["evaluate:tuned"].run, [by_name[name] for name in BASES if name in by_name]
    best = max(filter(_judged, bases), key=_accuracy, default=None)
    gain, verdict, won, lost = _against(workspace, tuned, best.run if best else None)
    facts = {name: folder.facts(name) or {} for name in ("parts", "check", "pace", "machine")}
    besides = {name: found for name in ("base", "tuned") if (found := folder.facts(f"besides:{name}"))}
    titles = dict(ROWS)
    return StudyReport(
        choices=choices,
        made=dt.datetime.now(dt.UTC),
        rows=list(rows.values()),
        near=[
            _row(title, by_name[name])
            for name, title in (("near:base", "base"), ("near:tuned", "tuned"))
            if name in by_name
        ],
        best_base=titles[best.name] if best else "",
        gain=gain,
        verdict=verdict,
        targets=_targets(rows["evaluate:tuned"], gain),
        won=won,
        lost=lost,
        curve=_curve(workspace, choices, folder, by_name),
        parts=facts["parts"],
        check=facts["check"],
        pace=facts["pace"],
        besides=besides,
        stages=stages,
        machine=facts["machine"],
        looks=sum(workspace.looks.counts(facts["check"].get("judged", "")).values()),
    )


def _judged(stage: Stage) -> bool:
    return stage.run is not None and stage.run.state == "succeeded"


def _accuracy(stage: Stage) -> float:
    found = _values(stage.run).get("acc") if stage.run else None
    return found.value if found else -1.0


def _values(run: Run) -> Values:
    """The numbers that a finished evaluation reports."""
    fair = run.result.get("without_user_faults", {}).get("acc")
    return _estimates(run.result, (*HEADLINES, *BESIDE)) | {FAIR: Estimate(**fair) if fair else None}


def _estimates(told: Mapping[str, Any], keys: Sequence[str]) -> Values:
    return {key: Estimate(**told[key]) if told.get(key) else None for key in keys if key in told}


def _row(title: str, stage: Stage) -> Row:
    run = stage.run
    if run is None or run.state != "succeeded":
        return Row(title, {}, {}, _absent(stage), run.name if run else "")
    tiers = run.result.get("by", {}).get("tier", {})
    by_tier = {tier: _estimates(tiers[tier], HEADLINES) for tier in TIERS if tier in tiers}
    return Row(title, _values(run), by_tier, "", run.name, run.config["recipe"]["model"])


def _absent(stage: Stage) -> str:
    if stage.state == "done" and stage.note:
        return f"{NOT_RUN}: {stage.note}"
    return f"not finished: {stage.run.state}" if stage.run else NOT_RUN


def _against(
    workspace: Workspace, tuned: Run | None, base: Run | None
) -> tuple[dict[str, Difference], str, list[Example], list[Example]]:
    """Tuned minus base, in numbers and words, and examples of what it won and what it lost."""
    if tuned is None or base is None or not tuned.state == base.state == "succeeded":
        return {}, "", [], []
    try:
        found = workspace.evaluation.compare(tuned.id, base.id)
    except DiaForgeError as problem:
        return {}, str(problem), [], []

    def some(ids: Sequence[str]) -> list[Example]:
        step = max(1, len(ids) // EXAMPLES)
        pairs = (workspace.evaluation.differing_turn(tuned.id, base.id, each) for each in ids[::step][:EXAMPLES])
        return [Example(one, other) for one, other, _ in pairs]

    lost = [*found.pairs.only_b, *found.pairs.both_wrong]
    gain = {key: value for key in HEADLINES if (value := found.difference.get(key))}
    return gain, found.verdict, some(found.pairs.only_a), some(lost)


def _targets(tuned: Row, gain: Mapping[str, Difference]) -> list[Target]:
    found = []
    for key, words, wanted in TARGETS:
        estimate = tuned.values.get(key)
        reached = estimate.value if estimate else None
        met = None if reached is None else (reached >= wanted if words == "at least" else reached <= wanted)
        found.append(Target(f"{NAMES[key]} {words} {wanted:.2f}", wanted, reached, met))
    points = gain["acc"].value if "acc" in gain else None
    words = f"Acc at least {GAIN:.2f} above the base at its best"
    return [*found, Target(words, GAIN, points, None if points is None else points >= GAIN)]


def _curve(
    workspace: Workspace, choices: StudyChoices, folder: StudyFolder, by_name: Mapping[str, Stage]
) -> list[Point]:
    points, start = [], choices.goes_on_from
    for percent in CURVE:
        told = folder.facts(f"curve:{percent}:data") or {}
        row = _row("", by_name[f"curve:{percent}:evaluate"])
        points.append(Point(told.get("dialogues", 0), row.values, row.absent and f"{percent} %: {row.absent}"))
    if start:
        return [*points, Point(0, {}, f"100 %: the tuning went on from {start}, which the other points did not")]
    whole = _row("", by_name["evaluate:tuned"])
    run = by_name["train"].run
    learned = workspace.training.totals(run.id).get("dialogues", 0) if run else 0
    return [*points, Point(learned, whole.values, whole.absent and f"100 %: {whole.absent}")]


_DECODING = {
    "free": "Decoding is free.",
    "constrained": "Where nothing else is said, decoding is constrained to calls that the tools in view take, for base "
    "and tuned alike.",
    "grounded": "Where nothing else is said, decoding is constrained to calls that the tools in view take, with values "
    "that were said, for base and tuned alike.",
}
_START = (
    " The tuning went on from {}; ablations and the learning curve start from the model itself, so they are not to be "
    "compared with it."
)

# ---- Markdown --------------------------------------------------------------------------------------------------------


def as_markdown(report: StudyReport) -> str:
    """The report as a file that people read; what catalogs, people and models wrote shows as it is and does nothing."""
    sections = [
        [f"# Study {inline_text(report.choices.name)}", "", *_head(report)],
        *([*part, ""] for part in _sections(report)),
    ]
    return "\n".join(line for section in sections for line in section).rstrip() + "\n"


def _head(report: StudyReport) -> list[str]:
    choices = report.choices
    held_out = ", ".join(map(inline_text, choices.held_out))
    return [
        f"Written on {report.made:%Y-%m-%d %H:%M} UTC from what the workspace holds.",
        "",
        f"{inline_text(choices.model)} was tuned on dialogues over {', '.join(map(inline_text, choices.catalogs))} and "
        f"evaluated live on {choices.scenarios} scenarios of catalogs that it never saw ({held_out}), each played "
        f"{choices.trials} time{'s' if choices.trials > 1 else ''}, with a user whose phrases no training data hold. "
        + _DECODING[choices.decoding]
        + (_START.format(inline_text(choices.goes_on_from)) if choices.goes_on_from else ""),
        "",
    ]


def _sections(report: StudyReport) -> Iterator[list[str]]:
    yield ["## Results", "", *_table(report.rows, PAPER)]
    yield _gain_lines(report)
    yield table_lines("Targets", {target.what: target_words(target) for target in report.targets})
    yield ["## By difficulty", "", *_tier_table(report.rows)]
    if report.near:
        yield ["## Tools held out of the catalogs trained on", "", *_table(report.near)]
    yield ["## Learning curve", "", *_curve_table(report.curve)]
    yield _example_lines("Won: right for the tuned model, wrong for the base", report.won)
    yield _example_lines("Lost: wrong for the tuned model", report.lost)
    yield table_lines("Nothing of the test was learned", check_facts(report)) or ["Not checked yet."]
    yield table_lines("What the model can do besides", besides_facts(report))
    yield table_lines("Data", data_facts(report))
    yield table_lines("Choices of training", training_facts(report))
    yield table_lines("Time", time_facts(report))
    yield table_lines("Machine", machine_facts(report.machine))


def _table(rows: Sequence[Row], paper: Sequence[tuple[str, float, float, float]] = ()) -> list[str]:
    lines = [
        "| model | Acc | FTR | TAR | Acc, user faults left out | right tool | refused rightly | n |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        title = inline_text(row.title)
        if row.absent:
            lines.append(f"| {title} | {inline_text(row.absent)} | | | | | | |")
            continue
        cells = [figure(row.values.get(key)) for key in (*HEADLINES, FAIR, "tool_accuracy", "refusal")]
        acc = row.values.get("acc")
        lines.append(f"| {title} | {' | '.join(cells)} | {acc.n if acc else '–'} |")
    lines += [f"| {name} (paper) | {acc:.2f} | {ftr:.2f} | {tar:.2f} | | | | 119 |" for name, acc, ftr, tar in paper]
    note = "Brackets hold 95 % intervals." + (" The paper's rows are of other scenarios than ours." if paper else "")
    return [*lines, "", note]


def figure(estimate: Estimate | None) -> str:
    """`0.62 (0.53–0.70)`; a dash where it was not measured."""
    return f"{estimate.value:.2f} ({estimate.low:.2f}–{estimate.high:.2f})" if estimate else "–"


def target_words(target: Target) -> str:
    """Whether it is met, and what was reached."""
    if target.reached is None:
        return "not measured"
    return f"{'met' if target.met else 'not met'}: {target.reached:.2f}"


def _gain_lines(report: StudyReport) -> list[str]:
    if not report.gain:
        return ["Tuned and base cannot be compared yet: one of them was not run."]
    parts = [
        f"{NAMES[key]} {each.value:+.2f} ({each.low:+.2f} to {each.high:+.2f})" for key, each in report.gain.items()
    ]
    return [f"Tuned minus {report.best_base}: {', '.join(parts)}. {inline_text(report.verdict)}"]


def _tier_table(rows: Sequence[Row]) -> list[str]:
    lines = ["| model | difficulty | Acc | FTR | TAR | n |", "|---|---|---|---|---|---|"]
    for row in rows:
        for tier, values in row.tiers.items():
            acc = values.get("acc")
            cells = " | ".join(figure(values.get(key)) for key in HEADLINES)
            lines.append(f"| {inline_text(row.title)} | {tier} | {cells} | {acc.n if acc else '–'} |")
    return lines if len(lines) > 2 else [NOT_RUN]


def _curve_table(points: Sequence[Point]) -> list[str]:
    lines = ["| dialogues | Acc | FTR | TAR |", "|---|---|---|---|"]
    for point in points:
        cells = " | ".join(figure(point.values.get(key)) for key in HEADLINES)
        lines.append(f"| {inline_text(point.absent)} | | | |" if point.absent else f"| {point.dialogues} | {cells} |")
    return lines


def _example_lines(title: str, examples: Sequence[Example]) -> list[str]:
    lines = [f"## {title}", ""]
    if not examples:
        return [*lines, "None, or not measured yet."]
    for example in examples:
        trace, base = example.tuned, example.base
        said = [
            f"{turn.speaker.capitalize()}: {_cut(_thought(turn.thought) + public_words(turn))}" for turn in trace.turns
        ]
        lines += [
            f"Goal {inline_text(trace.scenario.goal_tool)}, {trace.scenario.tier}; tuned: {inline_text(trace.outcome)} "
            f"(trace {trace.id}), base: {inline_text(base.outcome)} (trace {base.id}). {inline_text(trace.reason)}",
            "",
            *fenced("\n".join(said)),
            "",
        ]
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= TURN else f"{text[:TURN]} …"


def _thought(thought: str) -> str:
    return f"({thought}) " if thought else ""


def fenced(text: str) -> list[str]:
    """The text as lines of a code block that nothing in it can end."""
    longest = max((len(run) for run in "".join(c if c == "`" else " " for c in text).split()), default=0)
    fence = "`" * max(3, longest + 1)
    shown = "".join(char if char == "\n" or char.isprintable() else "\ufffd" for char in text)
    return [f"{fence}text", *shown.split("\n"), fence]


# ---- Facts as people read them ---------------------------------------------------------------------------------------


def check_facts(report: StudyReport) -> dict[str, str]:
    """What was compared with what; empty before the check."""
    check = report.check
    if not check:
        return {}
    closest = check.get("closest")
    near = f"{closest[0]} and {closest[1]}, {closest[2]:.2f} close (alike from {CLOSE:g})" if closest else "none"
    unknown = check.get("unknown")
    return ({f"what {unknown} learned from": "not known here, so not compared"} if unknown else {}) | {
        "dialogues learned from or chosen by": f"{check['dialogues']:,}, {check['turns']:,} turns",
        "test dialogues among them": f"{check['shared']}",
        "test dialogues with a tool learned from, or one alike": f"{check['near']}",
        "nearest two tools": near,
        "phrases of the test's user": f"{check['phrases_found']} of {check['phrases_compared']:,} runs of five words",
        "result": "clean" if check["clean"] else check["message"],
    }


def besides_facts(report: StudyReport) -> dict[str, str]:
    """What base and tuned can do besides."""
    found = {}
    for name, title in (("base", "before"), ("tuned", "after")):
        told = report.besides.get(name)
        found[f"plain replies, {title}: loss a token"] = f"{told['loss']:.3f}" if told else NOT_RUN
        found[f"calls said at once, {title}"] = f"{told['right']} of {told['calls']} right" if told else NOT_RUN
    return found


def data_facts(report: StudyReport) -> dict[str, str]:
    """What became of the dialogues that were attempted."""
    parts, pace = report.parts, report.pace
    if not parts:
        return {"dialogues": f"{report.choices.dialogues:,} wanted, not made yet"}
    facts = {
        "generated": f"{parts['generated']:,}",
        "rejected by the cascade": f"{parts['rejected']:,}",
        "left out: a tool of the test, or one alike": f"{parts['near_the_test']:,}",
        "left out: between the parts": f"{parts['straddling']:,}",
        "to train on": f"{parts['train']:,}",
        "to choose checkpoints by": f"{parts['validation']:,}, of which at most {VALIDATED} are read",
        "held out of the catalogs trained on": f"{parts['held_out']:,}",
        "scenarios of held-out catalogs": f"{parts['unseen']:,}",
        "evaluations on them so far": f"{report.looks:,}",
    }
    if pace:
        facts["trained on, by the time there is"] = f"{pace['dialogues']:,} of {pace['of']:,}"
        facts["left out: longer than allowed"] = f"{pace['too_long']:,}"
    return facts


def training_facts(report: StudyReport) -> dict[str, str]:
    """The choices that decide what is trained."""
    chosen = report.choices.training.model_dump().items()
    before = report.choices.goes_on_from
    start = {"goes on from": before} if before else {}
    run = next((stage.run for stage in report.stages if stage.name == "train"), None)
    own = run.config.get("adapter", {}) if run else {}  # rank and layers of the adapter that it went on from
    told = {key: str(value) for key, value in (*chosen, *own.items()) if value not in (None, "")}
    return {"teacher": report.choices.teacher} | start | told


def time_facts(report: StudyReport) -> dict[str, str]:
    """Step → how long it took; those that took no time to speak of are added up."""
    known = [(stage, stage.seconds) for stage in report.stages if stage.seconds is not None]
    facts = {f"{stage.name} ({stage.title})": time_words(seconds) for stage, seconds in known if seconds >= 1}
    return facts | {"in all": time_words(sum(seconds for _, seconds in known))}


def time_words(seconds: float) -> str:
    """`42 s`, `12.5 min` or `3.2 h`."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def machine_facts(machine: Facts) -> dict[str, str]:
    """What it ran on; earlier machines too where it went on on another one."""
    if not machine:
        return {}
    facts = {"machine": machine_words(machine)}
    for number, before in enumerate(machine.get("earlier", ()), 1):
        facts[f"begun on ({number})"] = machine_words(before)
    return facts


def machine_words(machine: Facts) -> str:
    """One machine in a line."""
    half = f", {' and '.join(machine['half_precision'])}" if machine["half_precision"] else ""
    cards = f", {', '.join(machine['cards'])}" if machine["cards"] else ""
    versions = ", ".join(f"{name} {version}" for name, version in machine["versions"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores{half}, {machine['memory_bytes'] / 1e9:.0f} GB{cards}; "
        f"computes on {machine['device']}; {machine['system']}, {versions}"
    )
