"""Each model's own form of conversations, where it is sound: one for training and inference."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from diaforge_core.conversation.assistants import View
from diaforge_core.conversation.chat_models import ModelAssistant, ScriptedModel
from diaforge_core.conversation.own_template import find_template
from diaforge_core.conversation.prompts import RENDERING, native_tool, parse_turn, tool_of_native
from diaforge_core.conversation.renderings import Compact, prompt_ids, rendering_of
from diaforge_core.conversation.template_check import what_is_lost
from diaforge_core.errors import ModelError
from diaforge_core.training.batches import make_row
from diaforge_core.training.examples import build_example, build_examples, loss_mask_preview, slices

from . import chat_templates as families
from .factories import (
    a_catalog,
    a_dialogue,
    a_setting,
    a_tool,
    asks,
    calls,
    lead_turns,
    not_accepted,
    sales_tools,
    user,
)

SOUND = {
    "hermes": families.HERMES,
    "thinking": families.THINKING,
    "bare JSON": families.BARE_JSON,
    "brackets": families.BRACKETS,
}
UNSOUND = {
    families.DROPS_CALLS: "tool",
    families.OPENS_THOUGHT: "differently",
    families.RENUMBERS: "differently",
    families.XML_CALLS: "cannot be read back",
    "{{ raise_exception('no') }}": "none that ends its turns",
    "{% if %}": "none that ends its turns",
}
TURNS = (
    user("Add John."),
    asks("As a lead?", thought="A lead or a contact?"),
    user("Yes."),
    calls("CRM_CreateContact", email="j@x.example"),
    not_accepted(),
    calls("CRM_CreateLead", customer_name="John"),
)


@pytest.fixture(params=["compact", *SOUND])
def rendering(request: pytest.FixtureRequest, smollm2_dir: Path) -> Any:
    if request.param == "compact":
        return rendering_of(families.with_template(smollm2_dir, families.DROPS_CALLS))
    found = rendering_of(families.with_template(smollm2_dir, SOUND[request.param]))
    assert found.native
    return found


@pytest.mark.parametrize("keep_thoughts", [False, True])
def test_what_is_trained_is_what_an_assistant_reads_and_writes(rendering: Any, keep_thoughts: bool) -> None:
    tools, dialogue = sales_tools()[:3], a_dialogue(turns=TURNS)
    example = build_example(dialogue, tools, rendering, keep_thoughts=keep_thoughts)
    asked = []
    for number, turn in enumerate(TURNS):
        if turn.speaker == "assistant":
            view = View(tools=tools, setting=dialogue.scenario.setting, turns=TURNS[:number])
            assistant = ModelAssistant(ScriptedModel([]), "m", native=rendering.native, keep_thoughts=keep_thoughts)
            prompt = prompt_ids(rendering, *assistant.request(view))
            asked.append((prompt + rendering.target(turn), len(prompt)))
    assert slices(example) == asked


def test_every_target_is_read_back_with_its_thought(rendering: Any) -> None:
    for turn in [*TURNS, *lead_turns()]:
        if turn.speaker == "assistant":
            back = parse_turn(rendering.tokenizer.decode(rendering.target(turn)).strip().removesuffix(rendering.end))
            assert (back.thought, back.reply, back.call) == (turn.thought, turn.reply, turn.call)


def test_data_that_looks_like_control_stays_data(rendering: Any) -> None:
    tokenizer = rendering.tokenizer
    nasty = "x".join(["", *tokenizer.all_special_tokens, "<tool_call>", "</think>", "<|python_tag|>", ""])

    def reserved(text: str) -> int:
        tool = a_tool("CRM_CreateLead", description=text, note={"type": "string", "enum": [text]})
        turns = [user(text), asks(text, thought=text), user("b"), calls("CRM_CreateLead", note=text)]
        messages = rendering.messages(a_setting(), turns, [tool], keep_thoughts=True)
        ids = [token for piece in rendering.pieces(messages, [tool]) for token in piece.ids]
        return sum(token in tokenizer.all_special_ids for token in ids)

    assert reserved(nasty) == reserved("a")
    written = tokenizer.decode(rendering.target(calls("CRM_CreateLead", note=nasty)))
    assert parse_turn(written.strip().removesuffix(rendering.end)).call == calls("CRM_CreateLead", note=nasty).call


def test_the_preview_of_an_own_template_shows_its_text(smollm2_dir: Path) -> None:
    tokenizer = families.with_template(smollm2_dir, families.HERMES)
    shown = loss_mask_preview(a_dialogue(turns=TURNS), sales_tools()[:3], tokenizer)
    example = build_example(a_dialogue(turns=TURNS), sales_tools()[:3], rendering_of(tokenizer))
    assert [text for text, trained in shown if trained] == [tokenizer.decode(one.tokens) for one in example.branches]
    assert "<tools>" in shown[0][0]


@pytest.mark.parametrize("template", UNSOUND)
def test_a_template_that_loses_something_is_replaced_or_refused_with_what_it_loses(
    template: str, smollm2_dir: Path
) -> None:
    tokenizer = families.with_template(smollm2_dir, template)
    assert rendering_of(tokenizer).name == RENDERING
    with pytest.raises(ModelError, match=UNSOUND[template]) as problem:
        rendering_of(tokenizer, "own")
    assert "\n" not in str(problem.value)


def test_what_a_template_loses_is_named(smollm2_dir: Path) -> None:
    template = find_template(families.with_template(smollm2_dir, families.DROPS_CALLS))
    assert template is not None
    lost = what_is_lost(template)
    assert "the tools are not written" in lost
    assert "a tool call or a reply that is to be learned cannot be read back" in lost


def test_a_model_without_a_template_takes_ours(smollm2_dir: Path) -> None:
    tokenizer = families.with_template(smollm2_dir, None)
    assert isinstance(rendering_of(tokenizer), Compact)
    with pytest.raises(ModelError, match="none"):
        rendering_of(tokenizer, "own")


def test_a_tuned_model_keeps_the_rendering_it_was_tuned_on(smollm2_dir: Path) -> None:
    tokenizer = families.with_template(smollm2_dir, families.HERMES)
    name = rendering_of(tokenizer).name
    assert rendering_of(tokenizer, name).name == name
    assert rendering_of(tokenizer, RENDERING).name == RENDERING
    changed = families.with_template(smollm2_dir, families.HERMES + " ")
    with pytest.raises(ModelError, match=r"tuned on the rendering 'template-1:"):
        rendering_of(changed, name)


def test_examples_of_an_own_template_name_what_is_asked_for(smollm2_dir: Path) -> None:
    tokenizer, catalog = families.with_template(smollm2_dir, families.HERMES), a_catalog()

    def built(rendering: str = "") -> Any:
        tools = lambda one: catalog.subset(one.scenario.candidates)  # noqa: E731
        return make_row(build_examples([a_dialogue()], tools, tokenizer, rendering=rendering))["input_ids"].tolist()

    assert built() != built(RENDERING)
    assert "<tools>" in tokenizer.decode(built()[0])


def test_a_tool_survives_the_way_to_a_server_and_back() -> None:
    offered = native_tool(sales_tools()[0])
    assert native_tool(tool_of_native(offered)) == offered
