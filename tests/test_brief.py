"""The Python face of the project's brief runs as written there."""

from __future__ import annotations

from pathlib import Path

import pytest

from diaforge_core.conversation.dialogue_files import write_dialogues
from diaforge_core.errors import DiaForgeError
from diaforge_core.generator import UTCGen


def made_dialogue():
    gen = UTCGen(api_catalog="enterprise_apis.json")
    return gen.generate_dialogue(
        ground_truth_tool="CRM.CreateLead",
        distractors=["CRM.UpdateLead", "CRM.CreateContact", "Sales.CreateOpportunity"],
        information_stages=[
            {"turn": 1, "revealed": ["customer_name"]},
            {"turn": 2, "revealed": ["email", "phone"]},
            {"turn": 3, "revealed": ["industry", "company_size"]},
        ],
    )


def test_the_generation_snippet_prints_a_vague_opening_a_separating_question_staged_values_and_the_call(
    capsys: pytest.CaptureFixture[str],
):
    dialogue = made_dialogue()
    print(dialogue)
    lines = [line for line in capsys.readouterr().out.splitlines() if line]

    assert all(line.startswith(("User: ", "Assistant: ")) for line in lines)
    assert lines[0].startswith("User: ")
    assert "lead" not in lines[0].lower()
    assert lines[1].startswith("Assistant: ")
    assert "?" in lines[1]
    gold = dialogue.scenario.gold_arguments
    assert str(gold["email"]) not in lines[0]
    assert any(str(gold["email"]) in line for line in lines[2:-1] if line.startswith("User: "))
    call = dialogue.turns[-1].call
    assert call is not None
    assert call.name == "CRM_CreateLead"
    assert call.arguments == {key: gold[key] for key in call.arguments}
    assert {"customer_name", "email", "phone", "industry", "company_size"} <= set(call.arguments)
    assert dialogue.passed, [verdict for verdict in dialogue.verdicts if not verdict.passed]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"ground_truth_tool": "CRM.CreateLeed"}, "CRM.CreateLead"),
        ({"distractors": ["CRM.Nowhere"]}, "CRM.Nowhere"),
        ({"information_stages": [{"turn": 1, "revealed": ["shoe_size"]}]}, "shoe_size"),
        ({"information_stages": [{"turn": 1, "shown": ["email"]}]}, "shown"),
    ],
)
def test_a_wrong_name_in_the_generation_call_is_one_message_that_names_it(changed: dict, named: str):
    arguments = {"ground_truth_tool": "CRM.CreateLead", "distractors": ["CRM.UpdateLead"], "information_stages": None}
    with pytest.raises(DiaForgeError, match=named):
        UTCGen(api_catalog="enterprise_apis.json").generate_dialogue(**(arguments | changed))


def test_the_training_and_evaluation_snippets_run_on_the_embedded_model(
    tmp_path: Path, smollm2_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
):
    from diaforge_core.evaluation import DynamicEvaluator
    from diaforge_core.training import ToolCallingTrainer, load_synthetic_data

    monkeypatch.chdir(tmp_path)
    write_dialogues(Path("generated_dialogues.jsonl"), [made_dialogue()])

    trainer = ToolCallingTrainer(model="smollm2")
    dialogues = load_synthetic_data("generated_dialogues.jsonl")
    trained_model = trainer.train(
        dialogues=dialogues, loss_mask="assistant_only", epochs=3, batch_size=32, learning_rate=2e-5
    )

    evaluator = DynamicEvaluator(user_simulator="interactive", api_catalog="enterprise_apis.json")
    results = evaluator.evaluate(
        model=trained_model,
        test_scenarios=dialogues,
        metrics={
            "tool_accuracy": "Did agent pick the right tool?",
            "false_positives": "Any incorrect tool calls?",
            "abstention_rate": "When does agent refuse to act?",
            "success_rate": "Did tool call complete the user's goal?",
        },
    )
    print(f"Tool accuracy: {results['tool_accuracy']:.1%}")
    print(f"Success rate: {results['success_rate']:.1%}")

    out = capsys.readouterr().out
    assert "Tool accuracy: " in out
    assert "%" in out.split("Success rate: ")[1]
    assert isinstance(results["false_positives"], float)
    assert trained_model.steps == 3
    assert (trained_model.folder / "adapter_model.safetensors").is_file()


def test_a_hub_name_while_offline_is_one_message_that_says_what_to_do():
    from diaforge_core import ToolCallingTrainer

    with pytest.raises(DiaForgeError, match="smollm2"):
        ToolCallingTrainer(model="meta-llama/Llama-2-7b-chat").train(dialogues=[made_dialogue()])


def test_the_three_parts_are_found_at_the_top_too():
    import diaforge_core
    from diaforge_core import evaluation, generator, training

    assert diaforge_core.UTCGen is generator.UTCGen
    assert diaforge_core.ToolCallingTrainer is training.ToolCallingTrainer
    assert diaforge_core.DynamicEvaluator is evaluation.DynamicEvaluator
    with pytest.raises(AttributeError, match="Trainer"):
        training.__getattr__("Trainer")


def test_an_unknown_metric_is_one_message_that_lists_the_known_ones():
    from diaforge_core import DynamicEvaluator

    evaluator = DynamicEvaluator(user_simulator="interactive", api_catalog="enterprise_apis.json")
    with pytest.raises(DiaForgeError, match="tool_accuracy"):
        evaluator.evaluate(
            model="scripted:oracle", test_scenarios=[made_dialogue()], metrics={"charm": "Was it charming?"}
        )
