"""Traces looked for, read, talked about and written out through the services."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from diaforge_core.errors import DataError, NotAllowed
from diaforge_core.records.dialogue import public_words
from diaforge_core.records.trace import Trace
from diaforge_core.services import trace_exports
from diaforge_core.services.commands import COMMANDS
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.traces import ORDERS, PARTS
from diaforge_core.services.workspace import Workspace, open_workspace
from diaforge_core.store import trace_files, trace_filters, trace_journal
from diaforge_core.store.trace_form import traces_of

from .factories import a_catalog

SHARED = settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three evaluations of eight scenarios each."""
    place = tmp_path_factory.mktemp("traces") / "workspace"
    with open_workspace(place) as workspace:
        workspace.catalogs.put(a_catalog())
        for name in ("oracle", "eager", "random"):
            recipe = EvalRecipe(model=f"scripted:{name}", run=name, catalog="sample", count=8)
            assert workspace.jobs.wait(workspace.evaluation.start(recipe).id).state == "succeeded"
    return place


@pytest.fixture(scope="module")
def workspace(folder: Path):
    with open_workspace(folder) as opened:
        yield opened


@pytest.fixture(scope="module")
def traces(workspace: Workspace) -> list[Trace]:
    """All, newest first."""
    return list(workspace.traces.stream())


OF_TRACE: dict[str, Any] = {
    "model": lambda trace: trace.assistant,
    "run": lambda trace: trace.assistant.partition(":")[2],
    "kind": lambda trace: "evaluate",
    "tier": lambda trace: trace.scenario.tier,
    "goal_tool": lambda trace: trace.scenario.goal_tool,
    "called": lambda trace: ([turn.call.name for turn in trace.turns if turn.call] or [""])[-1],
    "outcome": lambda trace: trace.outcome,
    "reason": lambda trace: trace.reason,
    "scenario": lambda trace: trace.scenario.id,
    "dial": lambda trace: trace.scenario.dial or "",
    "candidates": lambda trace: str(len(trace.scenario.candidates)),
    "solvable": lambda trace: "yes" if trace.scenario.solvable else "no",
}


@pytest.mark.parametrize("part", OF_TRACE)
def test_each_part_finds_what_has_it_and_counts_what_it_offers(workspace: Workspace, traces: list[Trace], part: str):
    read = OF_TRACE[part]
    offered = {value for value in map(read, traces) if value}
    assert workspace.traces.choices({}, part) == {value: sum(read(t) == value for t in traces) for value in offered}
    for value in offered:
        assert [t.id for t in workspace.traces.stream({part: value})] == [t.id for t in traces if read(t) == value]


def test_counts_obey_the_other_filters_and_not_their_own(workspace: Workspace, traces: list[Trace]):
    oracles = [trace for trace in traces if trace.assistant == "scripted:oracle"]
    found = {"model": "scripted:oracle", "outcome": "right"}
    assert sum(workspace.traces.choices(found, "outcome").values()) == len(oracles)
    assert workspace.traces.choices(found, "model")["scripted:oracle"] == sum(t.outcome == "right" for t in oracles)


def test_closeness_is_counted_in_bins(workspace: Workspace, traces: list[Trace]):
    bins = workspace.traces.choices({}, "closeness")
    assert set(bins) <= set(trace_filters.BIN_NAMES)
    assert sum(bins.values()) == len(traces)
    for name, number in bins.items():
        assert workspace.traces.count({"closeness": name}) == number
    with pytest.raises(DataError, match=r"0\.8 and above"):
        workspace.traces.count({"closeness": "far"})
    nearest = workspace.traces.nearness.of(traces[0].scenario)
    assert nearest is not None
    assert 0 < nearest < 1


@pytest.mark.parametrize("few", [0, trace_filters.FEW])
def test_words_are_found_in_any_case_alone_and_beside_a_filter(
    workspace: Workspace, traces: list[Trace], few: int, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(trace_filters, "FEW", few)
    word = traces[0].turns[0].reply.split()[0]

    def says(trace: Trace) -> bool:
        return word.lower() in "\n".join(map(public_words, trace.turns)).lower()

    for found, kept in (({}, traces), ({"run": "eager"}, [t for t in traces if t.assistant == "scripted:eager"])):
        ids = [trace.id for trace in workspace.traces.stream(found | {"text": word.upper()})]
        assert ids == [trace.id for trace in kept if says(trace)]
        assert ids


@SHARED
@given(
    order=some.sampled_from([sign + name for name in ORDERS for sign in ("", "-")]),
    limit=some.integers(1, 9),
    part=some.sampled_from(["none", "tier", "outcome", "model"]),
    here=some.integers(0, 23),
)
def test_the_list_is_paged_by_the_trace_that_a_page_begins_with(
    workspace: Workspace, traces: list[Trace], order: str, limit: int, part: str, here: int
):
    found = {} if part == "none" else {part: OF_TRACE[part](traces[here])}
    whole = [str(key) for key in workspace.traces.page(found, order, limit=99)[0]["id"]]
    seen, first, start = [], None, 0
    while True:
        page = workspace.traces.window(found, order, first, limit)
        assert (page.total, page.start) == (len(whole), start)
        seen += [str(key) for key in page.rows["id"]]
        if page.after is None:
            break
        assert workspace.traces.beside(found, order, page.after, "before", limit) == page.rows["id"].iloc[0]
        first, start = page.after, start + limit
    assert seen == whole
    place = whole.index(traces[here].id)
    around = [workspace.traces.beside(found, order, traces[here].id, way) for way in ("before", "after")]
    assert around == [whole[place - 1] if place else None, whole[place + 1] if place + 1 < len(whole) else None]


def test_a_page_that_begins_with_a_trace_outside_of_the_filter_shows_what_comes_after_it(
    workspace: Workspace, traces: list[Trace]
):
    outside = next(trace for trace in traces if trace.assistant == "scripted:eager")
    page = workspace.traces.window({"run": "oracle"}, "newest", outside.id, 3)
    later = traces[traces.index(outside) :]
    assert list(page.rows["id"]) == [t.id for t in later if t.assistant == "scripted:oracle"][:3]
    assert workspace.traces.window({}, "newest", "gone", 3).start == 0


def test_an_unknown_filter_or_order_is_named_with_what_there_is(workspace: Workspace):
    with pytest.raises(DataError, match="outcome"):
        workspace.traces.page({"colour": "red"})
    with pytest.raises(DataError, match="tokens"):
        workspace.traces.page({}, "--tokens")
    with pytest.raises(DataError, match="number of candidates"):
        workspace.traces.page({"candidates": "many"})


def test_outcomes_are_summed_by_a_part(workspace: Workspace, traces: list[Trace]):
    frame = workspace.traces.tally("run", {"outcome": "right"})
    got = {row["value"]: row["traces"] for row in frame.to_dict("records")}
    right = [trace.assistant.partition(":")[2] for trace in traces if trace.outcome == "right"]
    assert got == {name: right.count(name) for name in set(right)}


def test_labels_and_notes_are_found_by_and_survive_a_lost_database(tmp_path: Path):
    place = tmp_path / "workspace"
    with open_workspace(place) as workspace:
        workspace.catalogs.put(a_catalog())
        recipe = EvalRecipe(model="scripted:oracle", run="one", catalog="sample", count=3)
        workspace.jobs.wait(workspace.evaluation.start(recipe).id)
        first, second, _ = (str(key) for key in workspace.traces.page()[0]["id"])
        assert workspace.trace_notes.toggle(first, 1, "good-question", "Ana")
        assert workspace.trace_notes.toggle(second, 0, "good-question", "Ana")
        assert not workspace.trace_notes.toggle(second, 0, "good-question", "Ana")
        note = workspace.trace_notes.add(second, " Why so? ", 2, "Bo")
        with pytest.raises(NotAllowed):
            workspace.trace_notes.change(note.id, "Mine.", "Ana")
        workspace.trace_notes.change(note.id, "Because.", "Bo")
        with pytest.raises(DataError, match="no turn"):
            workspace.trace_notes.add(first, "x", 99, "Bo")
    (place / "diaforge.duckdb").unlink()
    with open_workspace(place) as workspace:
        assert [t.id for t in workspace.traces.stream({"label": "good-question"})] == [first]
        assert [t.id for t in workspace.traces.stream({"noted": "yes"})] == [second]
        assert workspace.traces.choices({}, "label") == {"good-question": 1}
        assert [(n.text, n.turn, n.who) for n in workspace.trace_notes.of(second)] == [("Because.", 2, "Bo")]
        workspace.trace_notes.delete(note.id, "Bo")
        assert workspace.trace_notes.of(second) == []


def test_an_export_holds_exactly_what_the_filter_shows(workspace: Workspace, traces: list[Trace], tmp_path: Path):
    found, kept = {"run": "eager"}, [trace for trace in traces if trace.assistant == "scripted:eager"]
    assert workspace.trace_exports.export(found, "jsonl", tmp_path / "t.jsonl") == len(kept)
    assert [Trace.model_validate_json(line) for line in (tmp_path / "t.jsonl").read_bytes().splitlines()] == kept
    workspace.trace_exports.export(found, "parquet", tmp_path / "t.parquet")
    assert [t for group in trace_files.groups(tmp_path / "t.parquet") for t in traces_of(group)] == kept
    assert workspace.trace_exports.content(found, "jsonl") == (tmp_path / "t.jsonl").read_bytes()


def test_an_inspect_log_holds_every_conversation_with_its_score(
    workspace: Workspace, traces: list[Trace], tmp_path: Path
):
    workspace.trace_exports.export({}, "inspect", tmp_path / "t.eval")
    with zipfile.ZipFile(tmp_path / "t.eval") as log:
        header, summaries = json.loads(log.read("header.json")), json.loads(log.read("summaries.json"))
        samples = {name: json.loads(log.read(name)) for name in log.namelist() if name.startswith("samples/")}
    assert (header["version"], header["status"], header["eval"]["model"]) == (2, "success", "several models")
    assert header["eval"]["dataset"]["samples"] == len(samples) == len(summaries) == len(traces)
    good = sum(trace.outcome in ("right", "refused") for trace in traces)
    assert header["results"]["scores"][0]["metrics"]["accuracy"]["value"] == good / len(traces)
    for trace in traces:
        sample = samples[f"samples/{trace.id}_epoch_{trace.trial + 1}.json"]
        assert [message["role"] for message in sample["messages"]] == [turn.speaker for turn in trace.turns]
        assert sample["scores"]["outcome"]["explanation"] == trace.reason
        calls = [call["arguments"] for message in sample["messages"] for call in message.get("tool_calls", ())]
        assert calls == [turn.call.arguments for turn in trace.turns if turn.call]


def test_an_export_that_cannot_be_says_why(workspace: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    with pytest.raises(DataError, match="nothing to export"):
        workspace.trace_exports.export({"text": "no such words"}, "jsonl", tmp_path / "t.jsonl")
    with pytest.raises(DataError, match="no form"):
        workspace.trace_exports.export({}, "yaml", tmp_path / "t.yaml")  # type: ignore[arg-type]
    monkeypatch.setattr(trace_exports, "MOST_IN_MEMORY", 3)
    with pytest.raises(DataError, match="traces export"):
        workspace.trace_exports.content({}, "jsonl")
    assert list(tmp_path.iterdir()) == []


def test_parquet_files_of_a_run_are_taken_in_and_the_rest_follows_from_its_journal(
    tmp_path: Path,
):
    place = tmp_path / "workspace"
    with open_workspace(place) as workspace:
        workspace.catalogs.put(a_catalog())
        recipe = EvalRecipe(model="scripted:random", run="one", catalog="sample", count=12)
        run = workspace.jobs.wait(workspace.evaluation.start(recipe).id)
        before, folder = list(workspace.traces.stream()), workspace.jobs.folder(run.id)
    rows = list(folder.rows())
    folder.rows_path.unlink()
    journal = trace_journal.TraceJournal(folder, lambda _: 0.5)
    journal.append(*(Trace.model_validate(row["trace"]) for row in rows[:8]))
    journal.seal()
    journal.append(*(Trace.model_validate(row["trace"]) for row in rows[8:]))
    (place / "diaforge.duckdb").unlink()
    with open_workspace(place) as workspace:
        assert list(workspace.traces.stream()) == before
        assert workspace.database.rows("SELECT count(*) FROM traces WHERE closeness = 0.5") == [(8,)]
        journal.seal()
        with workspace.database.write() as cursor:
            cursor.execute("UPDATE runs SET state = 'running'")
        workspace.jobs.poll()
        assert list(workspace.traces.stream()) == before
        assert workspace.database.rows("SELECT count(*) FROM taken_parts") == [(2,)]


def test_the_copy_for_sql_follows_what_is_added_taken_out_and_put_in_the_bin(folder: Path, tmp_path: Path):
    shutil.copytree(folder, tmp_path / "copy", ignore=shutil.ignore_patterns("*.lock", "owner.json"))
    with open_workspace(tmp_path / "copy") as workspace:
        count = "SELECT (SELECT count(*) FROM traces) AS a, (SELECT count(DISTINCT trace) FROM turns) AS b"
        assert workspace.traces.sql(count).to_dict("records") == [{"a": 24, "b": 24}]
        workspace.housekeeping.remove("run", "eager", "Ana")
        assert workspace.traces.sql(count).to_dict("records") == [{"a": 16, "b": 16}]
        workspace.jobs.remove("oracle")
        assert workspace.traces.sql(count).to_dict("records") == [{"a": 8, "b": 8}]
        recipe = EvalRecipe(model="scripted:first", run="more", catalog="sample", count=2)
        workspace.jobs.wait(workspace.evaluation.start(recipe).id)
        assert workspace.traces.sql(count).to_dict("records") == [{"a": 10, "b": 10}]
        (tmp_path / "copy" / "traces-for-sql.duckdb").write_bytes(b"damaged")
        assert workspace.traces.sql(count).to_dict("records") == [{"a": 10, "b": 10}]


def test_the_command_line_lists_shows_counts_notes_and_asks(workspace: Workspace, tmp_path: Path):
    def do(name: str, **params: Any) -> dict[str, Any]:
        return COMMANDS[f"traces {name}"](workspace, params, lambda _: None)

    page = {"order": "newest", "offset": 0, "limit": 5}
    listed = do("list", where=["run=oracle", "outcome=right"], text="", **page)
    assert {row["outcome"] for row in listed["traces"]} == {"right"}
    key = listed["traces"][0]["id"]
    noted = do("note", trace=key, text="Look here.", turn=1, who="Ana")
    assert do("show", trace=key)["notes"][0]["id"] == noted["id"]
    assert do("label", trace=key, turn=2, label="good-question", who="Ana")["on"]
    assert do("counts", part="label", where=[])["counts"] == {"good-question": 1}
    assert do("sql", query="SELECT count(*) AS n FROM traces", limit=9)["rows"] == [{"n": 24}]
    done = do("export", out=str(tmp_path / "x.jsonl"), format="jsonl", where=["run=oracle"])
    assert done["traces"] == 8
    with pytest.raises(DataError, match=PARTS[2]):
        do("list", where=["colour=red"], **page)
