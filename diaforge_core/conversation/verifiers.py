"""The verification cascade: checks that read turns, candidates and scenario, each with its reason (METHOD.md §2)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ..catalog.arguments import equal_arguments, required_for, validate
from ..catalog.facets import facets
from ..records.dialogue import Dialogue, Turn, Verdict
from ..records.scenario import Scenario
from ..records.tool import Catalog, Tool, ToolCall
from .reading import Reading, missing, read_each, spoken_parts
from .rollout import MAX_ASSISTANT_TURNS
from .understanding import Asked, understand

DESCRIPTION_RUN = 6
"""Consecutive words of a description from which on a user turn quotes it."""
TELLING_LENGTH = 4
"""Characters from which on a value is recognised in free text; a shorter one occurs by chance."""

RARE_LENGTH = 8
"""Characters from which on an enum value in a thought is no everyday word such as "open"."""
NUMBER_OR_ADDRESS = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|\b\d{5,}\b")


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a dialogue fails a check."""

    reason: str
    turn: int | None = None
    """Index into the dialogue's turns."""


class Case:
    """One dialogue as the verifiers look at it; what the words establish is read once for all of them."""

    def __init__(self, dialogue: Dialogue, tools: Sequence[Tool]) -> None:
        by_name = {tool.name: tool for tool in tools}
        self.scenario: Scenario = dialogue.scenario
        self.turns: tuple[Turn, ...] = dialogue.turns
        self.candidates = tuple(by_name[name] for name in self.scenario.candidates if name in by_name)
        self.goal: Tool | None = by_name.get(self.scenario.goal_tool)
        named = (*self.scenario.candidates, self.scenario.goal_tool)
        self.unknown = tuple(name for name in dict.fromkeys(named) if name not in by_name)
        """Tools of the scenario that the catalog does not hold."""

    @cached_property
    def readings(self) -> tuple[Reading, ...]:
        """What the words have established after each turn."""
        return read_each(self.candidates, self.turns)

    @cached_property
    def goal_readings(self) -> tuple[Reading, ...]:
        """The same, read with the goal tool alone in mind: which of its values were stated where."""
        return read_each([self.goal], self.turns) if self.goal else ()

    @cached_property
    def asked(self) -> Mapping[int, Asked]:
        """What each assistant reply asks, by index of the turn."""
        return {
            index: understand(turn.reply, self.tools_before(index) or self.candidates)
            for index, turn in enumerate(self.turns)
            if turn.speaker == "assistant" and turn.call is None
        }

    @property
    def call(self) -> ToolCall | None:
        """The last turn's call."""
        return self.turns[-1].call if self.turns else None

    def open_before(self, index: int) -> tuple[str, ...]:
        """The candidates that are still possible when turn `index` begins."""
        return self.readings[index - 1].open_tools if index > 0 else tuple(tool.name for tool in self.candidates)

    def tools_before(self, index: int) -> tuple[Tool, ...]:
        """The same as tools, in the order shown."""
        still_open = self.open_before(index)
        return tuple(tool for tool in self.candidates if tool.name in still_open)

    def user_turns(self) -> Iterator[tuple[int, int, str]]:
        """Index, number from 1, and words of each user turn."""
        number = 0
        for index, turn in enumerate(self.turns):
            if turn.speaker == "user":
                number += 1
                yield index, number, turn.reply

    def user_words_before(self, index: int) -> str:
        return "\n".join(turn.reply for turn in self.turns[:index] if turn.speaker == "user")


Check = Callable[[Case], Fault | None]


@dataclass(frozen=True, slots=True)
class Verifier:
    """One check of the cascade."""

    name: str
    title: str
    """What a dialogue that passes can be relied on for; help text."""
    check: Check


def verify(dialogue: Dialogue, tools: Sequence[Tool]) -> Dialogue:
    """The dialogue with one verdict of each verifier, in the order of the cascade; `tools` holds candidates and goal.

    All verifiers speak, except that a dialogue of the wrong form is not looked at further.
    """
    case = Case(dialogue, tools)
    verdicts: list[Verdict] = []
    for verifier in VERIFIERS:
        fault = verifier.check(case)
        verdicts.append(
            Verdict(
                verifier=verifier.name,
                passed=fault is None,
                reason=fault.reason if fault else "",
                turn=fault.turn if fault else None,
            )
        )
        if fault and verifier.name == "format":
            break
    return dialogue.model_copy(update={"verdicts": tuple(verdicts)})


def cascade(dialogue: Dialogue, catalog: Catalog) -> Dialogue:
    """`verify` with the tools taken from the catalog; one that it does not hold is a fault of the tool call."""
    names = dict.fromkeys([*dialogue.scenario.candidates, dialogue.scenario.goal_tool])
    return verify(dialogue, catalog.subset([name for name in names if name in catalog]))


# --- 1. format -------------------------------------------------------------------------------------------------------


def check_format(case: Case) -> Fault | None:
    """Roles alternate from the user; each assistant turn has a thought and one of reply and call; one call, last."""
    if not case.turns:
        return Fault("there are no turns")
    for index, turn in enumerate(case.turns):
        fault = _turn_form(turn, "user" if index % 2 == 0 else "assistant", last=index == len(case.turns) - 1)
        if fault:
            return Fault(fault, index)
    if case.turns[-1].speaker != "assistant":
        return Fault("the dialogue does not end with the assistant", len(case.turns) - 1)
    if len(case.turns) // 2 > MAX_ASSISTANT_TURNS:
        return Fault(f"more than {MAX_ASSISTANT_TURNS} assistant turns", len(case.turns) - 1)
    return None


def _turn_form(turn: Turn, speaker: str, *, last: bool) -> str:
    """What is wrong with the form of one turn; empty when nothing is."""
    if turn.speaker != speaker:
        return f"the {turn.speaker} speaks where it is the {speaker}'s turn"
    if turn.speaker == "user":
        if turn.call or turn.thought:
            return "a user turn holds a call or a thought"
        return "" if turn.reply.strip() else "the user says nothing"
    if not turn.thought.strip():
        return "the assistant turn has no thought"
    if turn.call is None:
        return "" if turn.reply.strip() else "the assistant neither replies nor calls"
    if turn.reply.strip():
        return "the assistant replies and calls in one turn"
    return "" if last else "a call stands before the last turn"


# --- 2. tool call ----------------------------------------------------------------------------------------------------


def check_tool_call(case: Case) -> Fault | None:
    """The last turn calls the goal tool, which is in view, and nothing was called earlier; else it says none fits."""
    last = len(case.turns) - 1
    if case.unknown:
        return Fault(f"the catalog has no tool {', '.join(case.unknown)}")
    early = next((index for index, turn in enumerate(case.turns[:-1]) if turn.call), None)
    if early is not None:
        return Fault("a tool is called before the last turn", early)
    if not case.scenario.solvable:
        return _refusal(case, last)
    if case.call is None:
        return Fault("the dialogue ends without a call though a right tool is in view", last)
    if case.call.name not in case.scenario.candidates:
        return Fault(f"the call names {case.call.name}, which is not among the tools shown", last)
    if case.call.name != case.scenario.goal_tool:
        return Fault(f"the call names {case.call.name}, the goal is {case.scenario.goal_tool}", last)
    return _thought_of_call(case, case.call, last)


def _refusal(case: Case, last: int) -> Fault | None:
    """Without a right tool in view: no call, and after a separating question the words that none fits."""
    if case.call is not None:
        return Fault("a tool is called though none fits", last)
    if case.asked[last].kind != "none_fits":
        return Fault("no right tool is in view, yet the last turn does not say that none fits", last)
    if not any(asked.kind in ("facet", "options") for asked in case.asked.values()):
        return Fault("the assistant says that none fits without having asked", last)
    return None


def _thought_of_call(case: Case, call: ToolCall, last: int) -> Fault | None:
    """The thought before a call names the tool called, if it names any candidate."""
    named = _tools_named(case.turns[last].thought, case.candidates)
    if named and call.name not in named:
        return Fault(f"the thought speaks of {', '.join(sorted(named))}, the call names {call.name}", last)
    return None


# --- 3. arguments ----------------------------------------------------------------------------------------------------


def check_arguments(case: Case) -> Fault | None:
    """The arguments are valid against the goal tool's schema and equal the gold arguments (METHOD.md §4)."""
    if case.call is None or case.goal is None or case.call.name != case.goal.name:
        return None
    last = len(case.turns) - 1
    problems = validate(case.goal, case.call.arguments)
    if problems:
        return Fault("; ".join(f"{problem.path}: {problem.message}" for problem in problems[:3]), last)
    comparison = equal_arguments(case.goal, case.call.arguments, due_arguments(case))
    if comparison.equal:
        return None
    parts = (("missing", comparison.missing), ("not asked for", comparison.extra), ("different", comparison.different))
    return Fault("; ".join(f"{word}: {', '.join(map(str, names))}" for word, names in parts if names), last)


def due_arguments(case: Case) -> dict[str, Any]:
    """V* (METHOD.md §2): the gold values that the user has stated by now, and those required with them."""
    assert case.goal is not None
    gold = case.scenario.gold_arguments
    stated = {top_of(case.goal, path) for path in case.goal_readings[-1].values} if case.goal_readings else set()
    due = {name: value for name, value in gold.items() if name in stated}
    while more := [name for name in required_for(case.goal, due) if name in gold and name not in due]:
        due |= {name: gold[name] for name in more}
    return due


# --- 4. grounding ----------------------------------------------------------------------------------------------------


def check_grounding(case: Case) -> Fault | None:
    """Every argument value is in the user's earlier words, the last ones counting; no thought knows more than those."""
    return _ungrounded_argument(case) or _ungrounded_words(case)


def _ungrounded_argument(case: Case) -> Fault | None:
    tool = next((tool for tool in case.candidates if case.call and tool.name == case.call.name), None)
    if case.call is None or tool is None:
        return None  # the check of the call speaks of that
    last = len(case.turns) - 1
    values, heard = read_each([tool], case.turns)[-1].values, case.user_words_before(last)
    parts = spoken_parts(tool, case.call.arguments)
    parts |= {name: value for name, value in case.call.arguments.items() if name not in tool.properties}
    for path, value in parts.items():
        if path not in values and not (is_fixed(tool, path) or spoken(value, heard)):
            return Fault(f"{path} = {value!r} is in no user turn", last)
        if path in values and not same_value(values[path].value, value):
            return Fault(f"{path} is {value!r}, yet the user's last words on it are {values[path].value!r}", last)
    return None


def _ungrounded_words(case: Case) -> Fault | None:
    """An assistant turn that names a hidden value, an address or a number that no user turn gave before it."""
    told = fold(" ".join(f"{tool.text} {tool.parameters}" for tool in case.candidates))
    for index, turn in enumerate(case.turns):
        if turn.speaker != "assistant":
            continue
        stated = [evidence.value for evidence in case.goal_readings[index - 1].values.values()] if case.goal else []
        heard = fold("\n".join([case.user_words_before(index), *map(str, stated)]))
        for value in [*_chosen_early(case, turn, stated), *NUMBER_OR_ADDRESS.findall(f"{turn.thought}\n{turn.reply}")]:
            if fold(value) not in heard and (
                fold(value) not in told or (value in turn.thought and _is_choice(case, value))
            ):
                return Fault(f"the assistant speaks of {value!r}, which no user turn gave", index)
    return None


def _chosen_early(case: Case, turn: Turn, stated: Sequence[Any]) -> list[str]:
    """The gold values that an assistant turn names although they are not stated yet."""
    gold = [value for _, value in leaves(case.scenario.gold_arguments) if isinstance(value, str) and is_telling(value)]
    words = f"{turn.thought}\n{turn.reply}"
    return [value for value in gold if value not in stated and contains(words, value)]


def _is_choice(case: Case, value: str) -> bool:
    """Whether a value is a choice of a parameter and no everyday word, so that words with it have made the choice."""
    if case.goal is None or not _is_option(case.goal, value):
        return False
    everyday = [
        word for tool in case.candidates for word in name_words(f"{tool.text} {tool.name} {list(tool.properties)}")
    ]
    return (len(value) >= RARE_LENGTH or not value.isalpha()) and not _run_in(name_words(value), everyday)


def _is_option(tool: Tool, value: Any) -> bool:
    """Whether a parameter of the tool lists the value among its choices."""
    return any(isinstance(schema, dict) and value in schema.get("enum", ()) for schema in tool.properties.values())


# --- 5. leak ---------------------------------------------------------------------------------------------------------


def check_leak(case: Case) -> Fault | None:
    """No user turn gives the goal tool's name, quotes its description, or states a value before its stage."""
    for index, number, words in case.user_turns():
        reason = (case.goal and (_named(case.goal, words, opening=number == 1) or _quoted(case.goal, words))) or ""
        reason = reason or _too_early(case, index, number, words)
        if reason:
            return Fault(reason, index)
    return None


def _named(tool: Tool, words: str, *, opening: bool) -> str:
    """Whether the words hold the tool's name: separators and case folded, as consecutive words of the turn."""
    spoken_words = name_words(words, split_case=False)
    for name in (tool.original_name, tool.name):
        parts = name_words(name)
        exempt = len(parts) <= 2 and not opening and all(part.isalpha() for part in parts)
        verbatim = len(parts) > 1 and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", words)
        if parts and (verbatim or (not exempt and _run_in(parts, spoken_words))):
            return f"the user gives the tool's name ({name})"
    return ""


def _quoted(tool: Tool, words: str) -> str:
    """Whether the words quote the tool's description."""
    spoken_words, text = name_words(words, split_case=False), name_words(tool.text, split_case=False)
    for start in range(len(text) - DESCRIPTION_RUN + 1):
        run = text[start : start + DESCRIPTION_RUN]
        if _run_in(run, spoken_words):
            return f"the user quotes the tool's description: “{' '.join(run)}”"
    return ""


def _too_early(case: Case, index: int, number: int, words: str) -> str:
    """Whether the words state a gold value whose stage has not come."""
    gold, scenario = case.scenario.gold_arguments, case.scenario
    early = [fold(str(value)) for name in gold if scenario.stage_of(name) <= number for _, value in leaves(gold[name])]
    read = case.goal_readings[index].values if case.goal_readings else {}
    for name in gold:
        if scenario.stage_of(name) <= number:
            continue
        for path, value in leaves(gold[name], name):
            found = read.get(path)
            noticed = found is not None and found.turn == index and same_value(found.value, value)
            told = is_telling(value) and contains(words, value) and not any(fold(str(value)) in due for due in early)
            everyday = case.goal and _is_option(case.goal, value) and not _is_choice(case, value)
            if noticed or (told and not everyday):
                return f"the user states {path} on user turn {number}, its stage is {scenario.stage_of(name)}"
    return ""


# --- 6. phase order --------------------------------------------------------------------------------------------------


def check_phase_order(case: Case) -> Fault | None:
    """First which tool, then its values, then the call; a question separates where the opening fits several tools."""
    for index, turn in enumerate(case.turns):
        if turn.speaker != "assistant":
            continue
        still_open = case.open_before(index)
        if len(still_open) < 2:
            continue
        if turn.call is not None:
            return Fault(f"a call while {len(still_open)} tools are still possible", index)
        if case.asked[index].kind == "confirmation" or case.asked[index].parameters:
            return Fault(f"asks for values while {len(still_open)} tools are still possible", index)
        settled = _tools_named(turn.thought, [tool for tool in case.candidates if tool.name in still_open])
        if len(settled) == 1 and re.search(r"\b(?:must be|it is|so I (?:will )?call|is the one)\b", turn.thought):
            return Fault(f"the thought settles on {settled.pop()} while {len(still_open)} tools are possible", index)
    return _no_separating_question(case)


def _no_separating_question(case: Case) -> Fault | None:
    if case.readings and len(case.readings[0].open_tools) >= 2:
        asked = [asked.kind for asked in case.asked.values()]
        if "facet" not in asked and "options" not in asked:
            return Fault("the opening fits several tools and no question separates them", len(case.turns) - 1)
    return None


# --- 7. relevance ----------------------------------------------------------------------------------------------------


def check_relevance(case: Case) -> Fault | None:
    """Each question separates open candidates, asks for a missing required argument, or is the one confirmation."""
    return next((fault for index in case.asked if (fault := question_fault(case, index))), None)


def question_fault(case: Case, index: int) -> Fault | None:
    """What is wrong with the question of assistant turn `index`; None when it helps. Also the metric `conv_rel`."""
    asked = case.asked[index]
    match asked.kind:
        case "facet" | "options":
            return _useless_separation(case, index, asked)
        case "arguments":
            return _useless_slots(case, index, asked)
        case "confirmation":
            return _useless_confirmation(case, index)
        case "none_fits":
            return Fault("says that none fits, yet the talk goes on", index) if index < len(case.turns) - 1 else None
    return Fault("the turn asks nothing that can be understood", index)


def _useless_separation(case: Case, index: int, asked: Asked) -> Fault | None:
    tools = case.tools_before(index)
    if len(tools) < 2:
        return Fault("asks which tool is meant though only one is possible", index)
    if asked.kind == "options":
        return None  # an open question leaves it to the user to say which
    answers = {facet.key: facet.answers for facet in facets(tools)}
    if any(len({answers.get(key, {}).get(tool.name) for tool in tools}) > 1 for key in asked.facets):
        return None
    return Fault("the question separates none of the tools that are still possible", index)


def _useless_slots(case: Case, index: int, asked: Asked) -> Fault | None:
    tools = case.tools_before(index)
    if len(tools) != 1:
        return None  # phase order speaks of that
    tool, values = tools[0], case.readings[index - 1].values
    open_names = {top_of(tool, path) for path in missing(tool, values)}
    given = {top_of(tool, path) for path in values}
    for name in asked.parameters:
        if name not in open_names:
            why = "which the user has given" if name in given else "which is not required"
            return Fault(f"asks for {name}, {why}", index)
    return None


def _useless_confirmation(case: Case, index: int) -> Fault | None:
    tools = case.tools_before(index)
    if len(tools) != 1:
        return None  # phase order speaks of that
    if not case.scenario.setting.confirm_destructive or tools[0].side_effect != "destructive":
        return Fault("asks for a confirmation that nothing demands", index)
    if any(asked.kind == "confirmation" for earlier, asked in case.asked.items() if earlier < index):
        return Fault("asks for a second confirmation", index)
    return None


# --- words and values ------------------------------------------------------------------------------------------------


def fold(text: str) -> str:
    """The text with width, case and runs of white space folded."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def name_words(text: str, *, split_case: bool = True) -> list[str]:
    """The lower-case words of a name or a sentence; `createLead_v2` is create, lead, v, 2."""
    if split_case:
        text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", " ", text)
    return re.findall(r"[^\W\d_]+|\d+", unicodedata.normalize("NFKC", text).casefold())


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Dotted path and value of everything in nested objects that is no object; a list is one value."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from leaves(inner, f"{path}.{key}" if path else key)
    else:
        yield path, value


def same_value(a: Any, b: Any) -> bool:
    """Whether two values are one, numbers by value and text by folded words."""
    if isinstance(a, str) and isinstance(b, str):
        return fold(a) == fold(b)
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b or str(a).lower() == str(b).lower()
    return a == b or str(a) == str(b)


def is_telling(value: Any) -> bool:
    """Whether finding the value in free text is no accident."""
    return not isinstance(value, bool) and isinstance(value, str | int | float) and len(str(value)) >= TELLING_LENGTH


def contains(words: str, value: Any) -> bool:
    """Whether the words hold the value as a whole word or run of words."""
    return re.search(rf"(?<![\w.@-]){re.escape(fold(str(value)))}(?![\w@-])", fold(words)) is not None


def spoken(value: Any, words: str) -> bool:
    """Whether a person who says `words` gives the value: as it is, in plain words, or each part of a list."""
    if isinstance(value, list):
        return all(spoken(part, words) for part in value)
    if isinstance(value, dict):
        return all(spoken(part, words) for _, part in leaves(value))
    if isinstance(value, bool) or value is None:
        return False  # a yes needs its question: only a reading of both can ground it
    if isinstance(value, int | float):
        text = fold(words).replace(",", "")
        return contains(text, value) or contains(text, f"{value:g}") or contains(text, f"{value:.2f}")
    return contains(words, value) or _run_in(name_words(value), name_words(words, split_case=False))


def is_fixed(tool: Tool | None, path: str) -> bool:
    """Whether the schema leaves no choice at this path, so that nobody needs to say it."""
    schema: Any = tool.parameters if tool else {}
    for key in path.split("."):
        schema = schema.get("properties", {}).get(key, {}) if isinstance(schema, dict) else {}
    return isinstance(schema, dict) and ("const" in schema or len(schema.get("enum", ())) == 1)


def top_of(tool: Tool, path: str) -> str:
    """The parameter that a dotted path is part of; a parameter's own name may hold dots."""
    owners = [name for name in tool.properties if path == name or path.startswith(f"{name}.")]
    return max(owners, key=len, default=path.split(".")[0])


def _run_in(run: Sequence[str], words: Sequence[str]) -> bool:
    """Whether the words of `run` stand consecutively in `words`."""
    size = len(run)
    return size > 0 and any(list(words[at : at + size]) == list(run) for at in range(len(words) - size + 1))


def _tools_named(text: str, tools: Sequence[Tool]) -> set[str]:
    """Names of the tools that a thought mentions by cleaned or original name."""
    return {
        tool.name
        for tool in tools
        if any(re.search(rf"(?<![\w.]){re.escape(name)}(?![\w])", text) for name in {tool.name, tool.original_name})
    }


VERIFIERS: tuple[Verifier, ...] = (
    Verifier("format", "Roles alternate; every assistant turn has a thought and a reply or a call.", check_format),
    Verifier("tool_call", "The last turn calls the goal tool, or says that none fits.", check_tool_call),
    Verifier("arguments", "The arguments are valid and equal the gold arguments.", check_arguments),
    Verifier("grounding", "Every value comes from the user's words.", check_grounding),
    Verifier("leak", "The user gives neither the tool's name nor a value too early.", check_leak),
    Verifier("phase_order", "First which tool, then its values, then the call.", check_phase_order),
    Verifier("relevance", "Every question helps; nothing known is asked.", check_relevance),
)
"""The cascade, deterministic checks first; a critic may follow."""
