"""Checks 6 and 7: first which tool, then its values, then the call; and every question helps."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from ...catalog.arguments import required_for
from ...catalog.facets import facets
from ...catalog.leaves import leaves
from ...catalog.words import meaning
from ...records.dialogue import Turn
from ..reading import missing
from ..understanding import Asked, label_pattern, leaf_named, sentences
from .case import Case, Fault, is_distinct
from .links import link_to_tasks, link_to_value, linked_values, named_values
from .outside import speaks_as_assistant
from .sayings import said_at
from .thoughts import calls_now, is_ready, named_as_written, settles_on
from .withdrawals import called_off
from .words import fold, top_of

_ASKS = re.compile(
    r"\?|\b(?:please (?:give|tell|send|share|provide|specify|name|state|let)|tell me|let me (?:have|know)"
    r"|give me|send me"
    r"|i (?:still |also |just )?need|i(?:'d| would) (?:still )?need|could you|can you|may i ask|share|specify|provide"
    r"|(?:is|are) (?:still )?missing|all i need|what i need|i lack|still open)\b",
    re.IGNORECASE,
)
_OR = re.compile(r"\bor\b|;|\bversus\b|\brather\b", re.IGNORECASE)
_OPEN_QUESTION = re.compile(
    r"\b(?:what (?:exactly|kind|sort|type|should|would|do you|shall|are you|is it|does|happened|happens|can i)"
    r"|which (?:kind|type|sort|one|of|step|way)|how (?:should|would|do you|can i|shall)|tell me more|a bit more"
    r"|more about"
    r"|in (?:what|which) (?:sense|way)|what'?s (?:it|this|the matter|going|happening|in|wrong|up|next))\b",
    re.IGNORECASE,
)
_YES = re.compile(
    r"^\W*(?:yes|yep|yeah|yup|ya|ok|okay|sure|correct|right|exactly|confirm\w*|go|do it|please (?:do|go"
    r"|proceed)|agreed?"
    r"|i (?:do|agree|confirm)|absolutely|fine|proceed|perfect|indeed|all right|alright|you may|granted"
    r"|approved)\b(?! not\b)",
    re.IGNORECASE,
)
_NO = re.compile(
    r"^\W*(?:(?:absolutely|certainly|definitely|of course|surely) not|no|nope|nah|not|never)\b"
    r"(?! (?:problem|objection|doubt|worries))|\b(?:don'?t|do not|stop"
    r"|cancel that|wait|hold"
    r" (?:on|off)|changed my mind|leave it|forget it|never ?mind|better not|rather not|not yet|abort|refuse|wrong)\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:(?:as|like) i (?:said|told|wrote)|as mentioned|already (?:told|said|gave|mentioned|answered|know|have)"
    r"|(?:told|said|answered|gave|mentioned|know) (?:\w+ ){0,2}already|i (?:just )?(?:told you|said (?:that|so))"
    r"|you (?:know|have) (?:that|it|this))\b",
    re.IGNORECASE,
)


_CORRECTS = re.compile(r"\b(?:sorry|wait|actually|correct\w*|i mean|rather|make that|instead|change)\b", re.IGNORECASE)
_A_QUESTION = 4
"""Words from which on a question is one of its own; "Is that right?" may come twice."""
_WH = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
_GENERIC = frozenset(
    meaning(
        "help do more tell detail information context exactly thing something anything today need want like "
        "mean clarify specify describe specific request task action kind sort type work mind know sure happen assist "
        "case matter"
    )
)
"""What an open question is made of that leaves it to the user to say what is wanted."""


def is_question(reply: str) -> bool:
    """Whether a reply asks for something."""
    return _ASKS.search(reply) is not None


def asks_which(case: Case, index: int) -> bool:
    """Whether assistant turn `index` asks which task is meant."""
    asked, reply = case.asked[index], case.turns[index].reply
    if asked.kind == "facet":
        return True
    if asked.kind == "none_fits" or not is_question(reply):
        return False
    if not (_OR.search(reply) or _OPEN_QUESTION.search(reply) or asked.kind == "options"):
        return False
    return (_is_about_tasks(case, index) or meaning(reply) <= _GENERIC) and not _asks_values(case, index)


def _is_about_tasks(case: Case, index: int) -> bool:
    """Whether a question is about what the tools do; or else the only choice put to the user, who takes it up."""
    reply = case.turns[index].reply
    if link_to_tasks(reply, case.candidates):
        return True
    others = (case.turns[other].reply for other in case.asked if other != index)
    offered = any(_OR.search(other) and link_to_tasks(other, case.candidates) for other in others)
    return bool(case.picked(index)) and not offered


def _asks_values(case: Case, index: int) -> bool:
    """Whether a question in free words is about values rather than tasks: its answer gives nothing else."""
    reply = case.turns[index].reply
    if case.is_evasive(index + 1) and not _OR.search(reply) and not _OPEN_QUESTION.search(reply):
        return named_values(reply, case.candidates)
    if case.goal is None or not case.given_in(index + 1) or case.picked(index):
        return False
    if case.beside_values(index + 1) and (_OR.search(reply) or _OPEN_QUESTION.search(reply)):
        return False
    return bool(linked_values(reply, case.goal)) or not (_OR.search(reply) or case.beside_values(index + 1))


# --- 6. phase order --------------------------------------------------------------------------------------------------


def check_phase_order(case: Case) -> Iterator[Fault]:
    """First which tool, then its values, then the call; a question separates where the opening fits several tools."""
    for index, turn in enumerate(case.turns):
        fault = _ahead(case, index, turn) if turn.speaker == "assistant" and _is_open(case, index) else None
        if fault:
            yield fault
    for check in (_no_separating_question, _confirmation, called_off):
        fault = check(case)
        if fault:
            yield fault
    yield from _ready_but_asks(case)


def _ahead(case: Case, index: int, turn: Turn) -> Fault | None:
    """What an assistant turn does too early, several tools being possible when it begins."""
    still_open = case.tools_before(index) if len(case.open_before(index)) > 1 else case.candidates
    if turn.call is not None:
        return Fault(f"a call while {len(still_open)} tools are still possible", index)
    if index > 2 and case.leaves_open(index - 1) and asks_which(case, index - 2) and not asks_which(case, index):
        return Fault("goes on although the user has not said which task is meant", index)
    if _goes_ahead(case, index) or _asks_both(case, index):
        return Fault(f"asks for values while {len(still_open)} tools are still possible", index)
    settled = settles_on(turn.thought, case.candidates)
    if settled:
        return Fault(f"the thought settles on {settled} while {len(still_open)} tools are possible", index)
    told = named_as_written(turn.reply, case.candidates)
    if len(told) == 1:
        return Fault(f"the reply names {told.pop()} while {len(still_open)} tools are possible", index)
    return None


def _ready_but_asks(case: Case) -> Iterator[Fault]:
    """Each thought that holds everything for known, or calls, in a turn that asks on."""
    for index in case.asked:
        thought = case.turns[index].thought
        if index < case.last and is_ready(thought) and (calls_now(thought) or not is_confirmation(case, index)):
            yield Fault("the thought says that nothing is open, yet the turn asks", index)


def _is_open(case: Case, index: int) -> bool:
    """Whether several tools are possible when the turn begins; an assistant that then asks which sees it so too."""
    if index == 1 and len(case.candidates) > 1 and case.turns[1].call is None and asks_which(case, 1):
        return True
    if index > 2 and case.leaves_open(index - 1):
        return _is_open(case, index - 2)
    return len(case.open_before(index)) > 1 and not case.settled_before(index)


def _goes_ahead(case: Case, index: int) -> bool:
    """Whether a turn asks for values or for a yes though the tool is open."""
    asked, reply = case.asked[index], case.turns[index].reply
    if asked.kind == "confirmation" or asked.parameters:
        answered = case.beside_values(index + 1) or case.picked(index)
        return not (_OR.search(reply) and answered and _is_about_tasks(case, index))
    if asked.kind == "facet" and len(asked.options) < 2 and case.is_evasive(index + 1) and _WH.search(reply):
        return not _OR.search(reply) and named_values(reply, case.candidates)
    return asked.kind in ("other", "options") and _asks_values(case, index)


def _asks_both(case: Case, index: int) -> bool:
    """Whether beside the question which task is meant a sentence of its own asks for a value."""
    parts = [part for part in sentences(case.turns[index].reply) if is_question(part)]
    if len(parts) < 2 or case.goal is None:
        return False
    plain = [part for part in parts if not _OR.search(part) and not _OPEN_QUESTION.search(part)]
    return len(plain) < len(parts) and any(named_values(part, case.candidates) for part in plain)


def _no_separating_question(case: Case) -> Fault | None:
    if case.readings and len(case.readings[0].open_tools) >= 2 and not any(asks_which(case, i) for i in case.asked):
        return Fault("the opening fits several tools and no question separates them", case.last)
    return None


def _confirmation(case: Case) -> Fault | None:
    """A destructive call waits for a yes where the system turn asks for it, and never follows a no."""
    if case.call is None or case.goal is None or case.call.name != case.goal.name or not confirms(case):
        return None
    asked = [index for index in case.asked if is_confirmation(case, index)]
    if not asked:
        return Fault("the destructive call is made without the confirmation that the settings ask for", case.last)
    answer = case.turns[asked[-1] + 1].reply
    if (_NO.search(answer) or case.is_evasive(asked[-1] + 1)) and not _YES.search(answer):
        return Fault("the call follows although the user did not confirm it", case.last)
    return None


def confirms(case: Case) -> bool:
    """Whether the goal's call has to be confirmed."""
    return bool(case.goal and case.scenario.setting.confirm_destructive and case.goal.side_effect == "destructive")


def is_confirmation(case: Case, index: int) -> bool:
    """Whether turn `index` seeks a yes to the call: so read, or a bare question once nothing may be missing."""
    reply = case.turns[index].reply
    asked = case.asked[index]
    if asked.kind == "confirmation":
        return True
    if asked.kind not in ("other", "arguments") or not _seeks_a_yes(reply) or not case.settled_before(index):
        return False
    return case.may_be_complete(index) and not set(asked.parameters) & case.unheard(index)


def _seeks_a_yes(reply: str) -> bool:
    """Whether a reply ends by asking for a yes and for nothing else."""
    last = sentences(reply)[-1] if sentences(reply) else ""
    asked = [part for part in sentences(reply) if part.rstrip().endswith("?")]
    return asked == [last] and not _WH.search(last)


# --- 7. relevance ----------------------------------------------------------------------------------------------------


def check_relevance(case: Case) -> Iterator[Fault]:
    """Each question separates open candidates, asks for a missing required argument, or is the one confirmation.

    Nor does the user take the assistant's part.
    """
    for index in case.asked:
        fault = question_fault(case, index)
        if fault:
            yield fault
    yield from speaks_as_assistant(case)


def question_fault(case: Case, index: int) -> Fault | None:
    """What is wrong with the question of assistant turn `index`; None when it helps. Also the metric `conv_rel`."""
    return _asked_before(case, index) or _by_kind(case, index, case.asked[index])


def _asked_before(case: Case, index: int) -> Fault | None:
    """The same question again though it was answered, or one whose answer gives nothing but what was given before."""
    if index == case.last or not case.settled_before(index):
        return None
    if _AGAIN.search(case.turns[index + 1].reply) and not _gives_more(case, index):
        return Fault("asks for what the user has given", index)
    if len(case.open_before(index + 2)) < len(case.open_before(index)):
        return None  # what was not answered may be asked again
    said = fold(case.turns[index].reply)
    for earlier in case.asked:
        if earlier < index and not case.is_evasive(earlier + 1) and _holds_again(said, case.turns[earlier].reply):
            return Fault("asks the same again, though the user has answered it", index)
    if _repeats(case, index):
        return Fault("asks for what the user has given", index)
    return None


def _holds_again(said: str, earlier: str) -> bool:
    """Whether a reply holds a question of an earlier one, word by word."""
    asked = [fold(sentence) for sentence in sentences(earlier) if sentence.rstrip().endswith("?")]
    return fold(earlier) == said or any(len(each.split()) >= _A_QUESTION and each in said for each in asked)


def _gives_more(case: Case, index: int) -> bool:
    """Whether the answer to question `index` gives a value that was not given before."""
    given, known = case.given_in(index + 1), case.known_before(index)
    fresh = [path for path in given if path not in known]
    answered = case.answered_before(index) if fresh else {}
    return any(path not in answered for path in fresh) or any(map(case.is_part_of_another, given))


def _repeats(case: Case, index: int) -> bool:
    """Whether the answer to question `index` only says again what was given before."""
    words = case.turns[index + 1].reply
    if not case.given_in(index + 1) or _gives_more(case, index) or is_confirmation(case, index):
        return False
    return len(case.beside_values(index + 1)) <= 1 and not (case.is_evasive(index + 1) or _CORRECTS.search(words))


def _by_kind(case: Case, index: int, asked: Asked) -> Fault | None:
    if asked.kind == "none_fits" and index < case.last:
        return _not_over(case, index)
    if case.last == index:
        return None  # an end in words is for the check of the call to judge
    if asked.kind == "facet":
        return _useless_separation(case, index, asked)
    if asked.kind == "arguments" and not is_confirmation(case, index):
        return _useless_slots(case, index, asked)
    if asked.kind == "confirmation" or is_confirmation(case, index):
        return _useless_confirmation(case, index)
    return _useless_words(case, index)


def _not_over(case: Case, index: int) -> Fault | None:
    """A refusal in mid-talk; "I can't do that without …?" is none."""
    if is_question(case.turns[index].reply):
        return _useless_words(case, index)
    return Fault("says that none fits, yet the talk goes on", index)


def _useless_separation(case: Case, index: int, asked: Asked) -> Fault | None:
    tools = case.tools_before(index)
    if len(tools) < 2:
        return (
            None
            if _free_talk_before(case, index)
            else Fault("asks which tool is meant though only one is possible", index)
        )
    answers = {facet.key: facet.answers for facet in facets(tools)}
    if any(len({answers.get(key, {}).get(tool.name) for tool in tools}) > 1 for key in asked.facets):
        return None
    return Fault("the question separates none of the tools that are still possible", index)


def _useless_slots(case: Case, index: int, asked: Asked) -> Fault | None:
    if not case.settled_before(index) or case.goal is None:
        return None  # phase order speaks of that
    needed, known = _needed(case, index), {case.parameter(path) for path in case.known_before(index)}
    tools = case.tools_before(index)
    if len(tools) == 1 and tools[0] is not case.goal:
        needed |= {top_of(tools[0], path) for path in missing(tools[0], case.readings[index - 1].values)}
    if not needed & set(asked.parameters) and not set(asked.parameters) & set(case.goal.properties):
        return _useless_words(case, index)
    given = {case.parameter(path) for path in case.given_in(index + 1)}
    for name in asked.parameters:
        if name in known and name not in given and given & needed:
            continue  # named in passing, since the answer is about something else
        if name not in needed and _named_outright(case, index, name, needed):
            why = "which the user has given" if name in known else "which is not required"
            return Fault(f"asks for {name}, {why}", index)
    return None


def _needed(case: Case, index: int) -> set[str]:
    """The goal's parameters that the call needs and that are not known beyond doubt when turn `index` begins."""
    assert case.goal is not None
    known = {case.parameter(path) for path in case.known_before(index)}
    open_now = {case.parameter(path) for path in case.open_values(index)}
    wanted = set(required_for(case.goal, case.scenario.gold_arguments)) & set(case.scenario.gold_arguments)
    return open_now | (wanted - known)


def _useless_confirmation(case: Case, index: int) -> Fault | None:
    if not case.settled_before(index):
        return None  # phase order speaks of that
    if not confirms(case):
        return Fault("asks for a confirmation that nothing demands", index)
    if any(is_confirmation(case, earlier) for earlier in case.asked if earlier < index):
        return Fault("asks for a second confirmation", index)
    unsaid = _not_restated(case, index)
    return Fault(f"the confirmation does not restate {', '.join(unsaid)}", index) if unsaid else None


def _not_restated(case: Case, index: int) -> list[str]:
    """The values that a person could only check if the confirmation told them; all it knows if it tells none."""
    reply = case.turns[index].reply
    values = {path: value for path, value in case.gold_parts.items() if path in case.heard_before(index)}
    unsaid = [path for path, value in values.items() if not said_at(value, reply, case.today)]
    return unsaid if len(unsaid) == len(values) else [path for path in unsaid if is_distinct(values[path])]


def _useless_words(case: Case, index: int) -> Fault | None:
    """What is wrong with a question in words that no reader of ours makes out."""
    if not is_question(case.turns[index].reply):
        return Fault("the turn asks nothing", index)
    if not case.settled_before(index):
        if asks_which(case, index) or _asks_values(case, index):
            return None  # values asked for too early are for phase order to name
        return Fault("the question has nothing to do with the tools that are still possible", index)
    if is_confirmation(case, index):
        return _useless_confirmation(case, index)
    if _asks_what_is_needed(case, index) or (_free_talk_before(case, index) and asks_which(case, index)):
        return None
    return Fault("the question is neither about what the call still needs nor a confirmation", index)


def _asks_what_is_needed(case: Case, index: int) -> bool:
    """Whether a question in free words asks for a value that the call still needs."""
    if case.goal is None:
        return False
    reply, needed = case.turns[index].reply, _needed(case, index)
    gained = {case.parameter(path) for path in case.given_in(index + 1)} & needed
    parts = [leaf for leaf in leaves(case.goal) if leaf.keys[0] in needed]
    linked = {leaf.keys[0] for leaf in parts if link_to_value(reply, leaf)}
    if linked:
        return bool(gained) or case.is_evasive(index + 1) or bool(case.unheard(index))
    return bool(gained) and (bool(linked_values(reply, case.goal)) or link_to_tasks(reply, (case.goal,)))


def _named_outright(case: Case, index: int, name: str, needed: Container[str]) -> bool:
    """Whether a question names the parameter itself, and not only by words that a value still needed shares."""
    assert case.goal is not None
    wanted = [meaning(leaf.label) for leaf in leaves(case.goal) if leaf.keys[0] in needed]
    for match in label_pattern(case.goal).finditer(case.turns[index].reply):
        if leaf_named(case.goal, match[0]).keys[0] == name and not any(meaning(match[0]) & own for own in wanted):
            return True
    return False


def _free_talk_before(case: Case, index: int) -> bool:
    """Whether only one tool seems left by words that a reader may have got wrong: nobody answered word by word."""
    return not any(earlier < index and case.understood(earlier) for earlier in case.asked)
