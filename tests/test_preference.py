"""The preference stage: its pairs, their rendering, and that what is right becomes more likely than what is wrong."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from diaforge_core.conversation.local_model import load_tokenizer
from diaforge_core.errors import DataError, ModelError
from diaforge_core.records.dialogue import Turn, Verdict
from diaforge_core.services.evaluation import EvalRecipe
from diaforge_core.services.training import TrainRecipe
from diaforge_core.services.workspace import open_workspace
from diaforge_core.training.choices import TrainingChoices
from diaforge_core.training.examples import build_examples, slices
from diaforge_core.training.pairs import pair_of_trace, pairs_of_dialogue
from diaforge_core.training.preference import encode_pairs
from diaforge_core.training.trainer import ToolCallingTrainer
from diaforge_core.training.work import Watch

from .factories import a_catalog, a_dialogue, a_trace, asks, calls, lead_turns, six_dialogues, user

PREFER = TrainingChoices(stage="preference", epochs=4, batch_size=1, learning_rate=1e-2, warmup=0, lora_rank=8)


def short(count: int):
    """Dialogues of one pair each: TRL scores every token of a prompt twice, which takes a while on a CPU."""
    return [dialogue for dialogue in six_dialogues() if dialogue.assistant_turns == 1][:count]


def tools_of(dialogue):
    return a_catalog().subset(dialogue.scenario.candidates)


def test_a_dialogue_gives_a_pair_for_each_assistant_turn_that_differs_in_the_act_alone() -> None:
    dialogue = a_dialogue()
    pairs = list(pairs_of_dialogue(dialogue, tools_of(dialogue)))
    assert len(pairs) == dialogue.assistant_turns
    assert pairs[0].fault == "called_too_early"
    assert pairs[-1].fault in ("wrong_twin", "asks_again", "refuses")
    for pair in pairs:
        *before, right = pair.chosen.turns
        *same, wrong = pair.rejected.turns
        assert before == same == list(dialogue.turns[: len(before)])
        assert right == dialogue.turns[len(before)]
        assert (right.reply, right.call) != (wrong.reply, wrong.call)
        assert right.thought == wrong.thought


def failed(*turns: Turn, outcome: str = "premature", **changes):
    return a_trace(turns=turns, outcome=outcome, **changes)


def pair_of(trace):
    return pair_of_trace(trace, a_catalog().subset(trace.scenario.candidates))


def test_a_failed_trace_gives_the_models_first_wrong_act_against_the_teachers() -> None:
    early = failed(user("Please add John to the system."), calls("CRM_CreateContact", email="j@x.example"))
    pair = pair_of(early)
    assert pair is not None
    assert pair.fault == "called_too_early"
    assert pair.rejected.turns == early.turns
    assert pair.chosen.turns[-1].call is None
    assert pair.chosen.turns[-1].reply
    whole = (*lead_turns()[:-1], asks("Could you say what the customer name is?"), user("John Carter."))
    late = pair_of(failed(*whole, asks("What was it again?"), user("I said all."), outcome="turn_limit"))
    assert late is not None
    assert late.fault == "asks_again"
    assert late.chosen.turns[-1].call is not None
    assert late.rejected.turns[-1].reply == "What was it again?"


def test_a_trace_without_a_mistake_of_the_models_own_gives_no_pair() -> None:
    assert pair_of(a_trace(outcome="right")) is None
    assert pair_of(failed(user("Add John."), calls("CRM_GetLead"), outcome="error", ended="error")) is None
    assert pair_of(failed(user("Please add John to the system."), asks("Who?"), outcome="turn_limit")) is None


def test_pairs_read_as_fine_tuning_reads_them(tiny_llama_dir: Path) -> None:
    tokenizer, dialogue = load_tokenizer(tiny_llama_dir), a_dialogue()
    pairs = list(pairs_of_dialogue(dialogue, tools_of(dialogue)))
    encoded = encode_pairs(pairs, tools_of, tokenizer, PREFER, None)
    (example,) = build_examples([dialogue], tools_of, tokenizer)
    fine_tuned = [(tokens[:start], tokens[start:]) for tokens, start in slices(example)]
    assert [(one.prompt_ids, one.chosen_ids) for one in encoded] == fine_tuned
    assert all(one.chosen_ids != one.rejected_ids for one in encoded)


def test_pairs_that_are_too_long_are_named_or_left_out(tiny_llama_dir: Path) -> None:
    tokenizer, dialogue = load_tokenizer(tiny_llama_dir), a_dialogue()
    pairs = list(pairs_of_dialogue(dialogue, tools_of(dialogue)))
    sizes = [one.longest_side for one in encode_pairs(pairs, tools_of, tokenizer, PREFER, None)]
    limit = max(sizes) - 1
    with pytest.raises(DataError, match=rf"1 of {len(pairs)} pairs .*\n- `{dialogue.id}@\d+`: {max(sizes)} tokens"):
        encode_pairs(pairs, tools_of, tokenizer, PREFER, limit)
    leaving = PREFER.model_copy(update={"too_long": "leave_out"})
    assert len(encode_pairs(pairs, tools_of, tokenizer, leaving, limit)) == len(pairs) - 1
    with pytest.raises(DataError, match=f"{len(pairs)} of {len(pairs)} pairs"):
        encode_pairs(pairs, tools_of, tokenizer, leaving, 10)


def test_what_is_right_moves_away_from_what_is_wrong(tiny_llama_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    rows: list[dict] = []
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    done = trainer.train(short(1), choices=PREFER, validation=short(1), out=tmp_path, watch=Watch(rows.append))
    margins = [row["margin"] for row in rows]
    assert margins[0] == pytest.approx(0, abs=1e-4)
    assert rows[0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert margins == sorted(margins)
    assert margins[-1] > 0.1
    assert rows[-1]["loss"] < rows[0]["loss"]
    assert rows[-1]["agreed"] == 1
    assert (done.steps, done.finished) == (4, True)
    assert done.best is not None
    assert done.best.eval_loss is not None
    assert (done.folder / "adapter_model.safetensors").is_file()


def test_a_stopped_preference_run_goes_on_exactly(tiny_llama_dir: Path, models_dir: Path, tmp_path: Path) -> None:
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    whole: list[dict] = []
    broken: list[dict] = []
    two = PREFER.model_copy(update={"epochs": 2})
    trainer.train(short(2), choices=two, out=tmp_path / "whole", watch=Watch(whole.append))
    stop = Watch(broken.append, should_stop=lambda: len(broken) == 3)
    assert not trainer.train(short(2), choices=two, out=tmp_path / "broken", watch=stop).finished
    trainer.train(short(2), choices=two, out=tmp_path / "broken", watch=Watch(broken.append), resume=True)
    assert [row["step"] for row in broken] == [row["step"] for row in whole] == [1, 2, 3, 4]
    assert [row["loss"] for row in broken] == pytest.approx([row["loss"] for row in whole], abs=1e-6)


def test_without_trl_it_says_what_to_install(
    tiny_llama_dir: Path, models_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "trl.trainer.dpo_config", None)
    trainer = ToolCallingTrainer(f"hf:{tiny_llama_dir}", models_dir, a_catalog(), device="cpu")
    with pytest.raises(ModelError, match=r"requirements-preference\.txt"):
        trainer.train(short(1), choices=PREFER, out=tmp_path)


def test_a_run_unlearns_the_mistakes_of_an_evaluation(tmp_path: Path, tiny_llama_dir: Path) -> None:
    with open_workspace(tmp_path / "workspace") as workspace:
        workspace.catalogs.put(a_catalog())
        workspace.datasets.create("d", catalog=a_catalog())
        workspace.datasets.add("d", six_dialogues(verdicts=(Verdict(verifier="format", passed=True),)))
        for name in ("eager", "oracle"):
            asked = EvalRecipe(model=f"scripted:{name}", run=name, catalog="sample", count=4, seed=1)
            assert workspace.jobs.wait(workspace.evaluation.start(asked).id).state == "succeeded"
        given = {"dataset": "d", "model": f"hf:{tiny_llama_dir}", "stage": "preference", "watch": 0}
        given |= {"max_steps": 1, "batch_size": 1}
        run = workspace.training.start(TrainRecipe.model_validate(given | {"run": "r", "pairs": "eager"}))
        done = workspace.jobs.wait(run.id, timeout_seconds=120)
        assert (done.state, done.result["steps"]) == ("succeeded", 1), workspace.jobs.log(run.id)
        faults = {pair.fault for pair in workspace.jobs.folder(run.id).pairs()}
        assert "called_too_early" in faults
        assert len(workspace.training.curve("r")["margin"].dropna()) == 1
        with pytest.raises(DataError, match="'oracle' has no mistake to learn from"):
            workspace.training.start(TrainRecipe.model_validate(given | {"run": "s", "pairs": "oracle"}))
