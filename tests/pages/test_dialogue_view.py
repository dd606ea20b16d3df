"""A conversation on screen: everything that was said, safely."""

from __future__ import annotations

from streamlit.testing.v1 import AppTest

from pages.components.ambiguity_strip import ruled_out
from pages.components.dialogue_view import flatten

PAYLOAD = "<script>alert(1)</script> ![x](http://evil.example/a.png) :red[hi] $x$ [l](javascript:alert(1))"


def _conversation() -> None:
    from diaforge_core.records.dialogue import Evidence, Verdict
    from pages.components.dialogue_view import Shown, conversation
    from tests.factories import a_catalog, asks, calls, user
    from tests.pages.test_dialogue_view import PAYLOAD

    turns = (
        user(PAYLOAD),
        asks(PAYLOAD, thought=PAYLOAD),
        user("john@x.example " + PAYLOAD),
        calls("No_such", a=PAYLOAD),
    )
    conversation(
        turns,
        Shown(
            key="d1",
            tools={tool.name: tool for tool in a_catalog().tools[:3]},
            verdicts=(Verdict(verifier="leak", passed=False, reason=PAYLOAD, turn=0),),
            evidence=(Evidence(parameter="a", value="x", turn=2, start=0, end=14),),
            lit="a",
            on_light=lambda parameter: None,
        ),
    )


def test_hostile_words_are_escaped_wherever_they_are_drawn_as_markdown() -> None:
    at = AppTest.from_function(_conversation).run()
    assert not at.exception
    drawn = [element.value for element in [*at.markdown, *at.caption]] + [button.label for button in at.button]
    assert any("evil" in text for text in drawn)
    for text in drawn:
        bare = text.replace("\u2060", "")
        assert "![x]" not in bare
        assert "<script" not in bare.replace("\\<", "")
        assert ":red[hi" not in bare
    assert all(not getattr(element.proto, "allow_html", False) for element in at.markdown)


def test_a_call_to_no_candidate_says_so() -> None:
    at = AppTest.from_function(_conversation).run()
    assert any("not among the candidates" in element.value for element in at.markdown)


def test_nested_arguments_are_dotted_paths() -> None:
    assert flatten({"a": {"b": 1, "c": {}}, "d": [1]}) == [("a.b", 1), ("a.c", {}), ("d", [1])]


def test_a_candidate_is_out_from_the_turn_after_which_it_never_comes_back() -> None:
    class Step:
        def __init__(self, turn: int, open_tools: tuple[str, ...]) -> None:
            self.turn, self.open_tools, self.missing = turn, open_tools, ()

    steps = [Step(0, ("a", "b", "c")), Step(2, ("a",)), Step(4, ("a", "b"))]
    assert ruled_out(steps, ["a", "b", "c"]) == {"c": 2}


def _alike() -> None:
    from pages.components.ambiguity_strip import candidates
    from tests.factories import a_tool

    said = {"original_name": "CreateMessage"}
    twins = [a_tool(name).model_copy(update=said) for name in ("CreateMessage__chat", "CreateMessage__sms")]
    candidates([*twins, a_tool("ListMessage")], [])


def test_candidates_that_their_documents_call_alike_have_names_of_their_own() -> None:
    at = AppTest.from_function(_alike).run()
    told = [mark.value for mark in at.markdown]
    assert [next(name for name in ("chat", "sms", "ListMessage") if name in line) for line in told] == [
        "chat", "sms", "ListMessage",
    ]  # fmt: skip
