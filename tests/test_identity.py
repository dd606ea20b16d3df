"""The card of a dataset names what made it, and its text stays text."""

from __future__ import annotations

from pathlib import Path

from diaforge_core.conversation.prompts import RENDERING
from diaforge_core.generator import identity
from diaforge_core.generator.identity import DatasetIdentity, RunIdentity, as_markdown, versions
from tests.test_imports import ROOT, imports_of


def a_card(**changes: object) -> DatasetIdentity:
    run = RunIdentity(
        run="generate talks",
        started="2026-03-02T10:00:00",
        state="succeeded",
        seed=7,
        scenarios=50,
        agents={"user": "scripted", "assistant": "openai:qwen3@http://localhost:8000/v1"},
        recipe={"seed": 7},
        versions=versions(),
    )
    fields = {
        "dataset": "talks",
        "catalogs": {"abc123": "enterprise"},
        "counts": {"dialogues": 50, "kept": 48},
        "tiers": {"baseline": 48},
        "assistants": {"scripted:oracle": 48},
        "reviewers": {"Ana": {"accept": 30, "reject": 2}, "=Ben": {"flag": 1}},
        "runs": (run,),
        "written_by": versions(),
    }
    return DatasetIdentity.model_validate(fields | changes)


def test_the_versions_name_every_part_that_decides_over_a_dialogue():
    found = versions()
    assert found.rendering == RENDERING
    assert found.diaforge[0].isdigit()
    assert "prompts.py" in found.prompts
    assert {"wording/generation/user.yaml", "wording/generation/teacher.yaml", "personas.yaml"} <= set(found.wording)


def test_the_versions_of_the_cascade_name_every_reader_that_it_reads_with():
    cascade = (ROOT / "diaforge_core" / "conversation" / "verifiers").glob("*.py")
    used = {found.module for path in cascade for found in imports_of(path, ROOT)}
    readers = {name.split(".")[2] for name in used if name.startswith("diaforge_core.conversation.")}
    named = {file.removesuffix(".py").partition("/")[0] for file in versions().verifiers}
    assert "reading" in readers
    assert readers - {"rollout"} <= named


def test_a_changed_text_is_another_version_and_line_ends_are_not(tmp_path: Path):
    file = tmp_path / "bank.yaml"
    file.write_bytes(b"hello:\n- Hi\n")
    first = identity._hashes(((tmp_path, "*.yaml"),))
    file.write_bytes(b"hello:\r\n- Hi\r\n")
    assert identity._hashes(((tmp_path, "*.yaml"),)) == first
    file.write_bytes(b"hello:\n- Hello\n")
    assert identity._hashes(((tmp_path, "*.yaml"),)) != first


def test_the_card_is_read_back_as_it_was_and_says_all_of_it_in_words():
    card = a_card(parent="all-talks", without_run=2)
    assert DatasetIdentity.model_validate_json(card.model_dump_json()) == card
    text = as_markdown(card)
    for words in ("talks", "all-talks", "enterprise", "abc123", "localhost:8000", "| seed | 7 |", "file): 2"):
        assert words in text
    assert versions().prompts["prompts.py"] in text


def test_versions_that_several_runs_share_stand_once_and_others_say_what_differs():
    (run,) = a_card().runs
    older = versions().model_copy(update={"prompts": versions().prompts | {"prompts.py": "0ld", "gone.py": "1"}})
    text = as_markdown(a_card(runs=(run, run, run.model_copy(update={"versions": older}))))
    assert text.count("| versions | 1 |") == 2
    assert "| versions | 2 |" in text
    assert "written with versions 1." in text
    without = as_markdown(a_card(), with_versions=False)
    assert not any(word in without for word in ("Versions", "| versions", "with versions"))
    ours, theirs = text.split("## Versions 1\n")[1].split("## Versions 2, but for what is as in versions 1\n")
    assert all(name.replace("_", "\\_") in ours for name in versions().verifiers)
    assert [line for line in theirs.splitlines() if line][2:] == ["| prompts.py | 0ld |", "| gone.py | 1 |"]
    back = as_markdown(a_card(runs=(run.model_copy(update={"versions": older}),)))
    assert "| gone.py | not there |" in back
    assert "| versions | not noted |" in as_markdown(a_card(runs=(run.model_copy(update={"versions": None}),)))


def test_names_from_outside_cannot_write_markup_into_the_card():
    text = as_markdown(a_card(catalogs={"v1": "![x](http://evil.example)\n# Not a heading | cell"}))
    assert "![x](" not in text
    assert "\n# Not" not in text
