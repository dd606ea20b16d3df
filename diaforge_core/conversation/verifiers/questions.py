"""What a question is about, and check 7: every question helps."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

from ...catalog.arguments import required_for
from ...catalog.facets import facets
from ...catalog.leaves import leaves
from ...catalog.words import meaning
from ...records.tool import Tool
from ..labels import label_pattern, leaf_named
from ..reading import missing
from ..understanding import Asked, sentences
from .case import Case, Fault, is_distinct
from .links import link_to_tasks, link_to_value, linked_values, named_values
from .outside import speaks_as_assistant
from .sayings import said_at
from .thoughts import tells_of_another
from .withdrawals import ruled_out
from .words import fold, top_of

_ASKS = re.compile(
    r"\?|\b(?:please (?:give|tell|send|share|provide|specify|name|state|let)|tell me|let me (?:have|know)"
    r"|give me|send me"
    r"|i (?:still |also |just )?need|i(?:'d| would) (?:still )?need|could you|can you|may i ask|share|specify|provide"
    r"|(?:is|are) (?:still )?missing|all i need|what i need|i lack|still open)\b",
    re.IGNORECASE,
)
OR = re.compile(r"\bor\b|;|\bversus\b|\brather\b", re.IGNORECASE)
OPEN_QUESTION = re.compile(
    r"\b(?:what (?:exactly|kind|sort|type|should|would|do you|shall|are you|is it|does|happened|happens|can i)"
    r"|which (?:kind|type|sort|one|of|step|way)|how (?:should|would|do you|can i|shall)|tell me more|a bit more"
    r"|more about"
    r"|in (?:what|which) (?:sense|way)|what'?s (?:it|this|the matter|going|happening|in|wrong|up|next))\b",
    re.IGNORECASE,
)
_AGAIN = re.compile(
    r"\b(?:(?:as|like) i (?:said|told|wrote)|as mentioned|already (?:told|said|gave|mentioned|answered|know|have)"
    r"|(?:told|said|answered|gave|mentioned|know) (?:\w+ ){0,2}already|i (?:just )?(?:told you|said (?:that|so))"
    r"|you (?:know|have) (?:that|it|this))\b",
    re.IGNORECASE,
)


_ASKING = meaning(
    "also too again as well need give tell share know provide please may could still and then next send "
    "kindly remind let get state once more correct was"
)
"""What a sentence is made of that asks for a value, besides its name."""
_CORRECTS = re.compile(r"\b(?:sorry|wait|actually|correct\w*|i mean|rather|make that|instead|change)\b", re.IGNORECASE)
_CHOICE = re.compile(r"[,;:?]|\bor\b", re.IGNORECASE)
_OWNERS = meaning("her his their she he they somebody someone")
_SEVERAL = 2
_A_QUESTION = 4
"""Words from which on a question is one of its own; "Is that right?" may come twice."""
WH = re.compile(r"\b(?:what|which|who|whom|whose|when|where|why|how)\b", re.IGNORECASE)
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
    if not (OR.search(reply) or OPEN_QUESTION.search(reply) or asked.kind == "options"):
        return False
    return (is_about_tasks(case, index) or meaning(reply) <= _GENERIC) and not asks_values(case, index)


def is_about_tasks(case: Case, index: int) -> bool:
    """Whether a question is about what the tools do; or else the only choice put to the user, who takes it up."""
    reply = case.turns[index].reply
    if link_to_tasks(reply, case.candidates):
        return True
    others = (case.turns[other].reply for other in case.asked if other != index)
    offered = any(OR.search(other) and link_to_tasks(other, case.candidates) for other in others)
    return bool(case.picked(index)) and not offered


def asks_values(case: Case, index: int) -> bool:
    """Whether a question in free words is about values rather than tasks: its answer gives nothing else."""
    reply = case.turns[index].reply
    if case.is_evasive(index + 1) and not OR.search(reply) and not OPEN_QUESTION.search(reply):
        return named_values(reply, case.candidates)
    if case.goal is None or not case.given_in(index + 1) or case.picked(index):
        return False
    if case.beside_values(index + 1) and (OR.search(reply) or OPEN_QUESTION.search(reply)):
        return False
    return bool(linked_values(reply, case.goal)) or not (OR.search(reply) or case.beside_values(index + 1))


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
    return asked == [last] and not WH.search(last)


# --- relevance --------------------------------------------------------------------------------------------------------


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
    return (
        _asked_before(case, index)
        or _by_kind(case, index, case.asked[index])
        or _asks_for_known(case, index)
        or _offers_ruled_out(case, index)
    )


def _asks_for_known(case: Case, index: int) -> Fault | None:
    """A sentence that asks for nothing but a value that was given before, beside others that may ask for more."""
    asking = [sentence for sentence in sentences(case.turns[index].reply) if is_question(sentence)]
    if case.goal is None or index == case.last or len(asking) < _SEVERAL:
        return None
    for sentence in asking:
        found = label_pattern(case.goal).search(sentence)
        if not found or meaning(sentence) - meaning(found[0]) - _ASKING:
            continue
        path = leaf_named(case.goal, found[0]).path
        if path in case.heard_before(index) and path not in case.given_in(index + 1):
            return Fault(f"asks for {path}, which the user has given", index)
    return None


def _offers_ruled_out(case: Case, index: int) -> Fault | None:
    """A question which task is meant that offers one which the user has ruled out."""
    out = ruled_out(case, index)
    if not out or not asks_which(case, index):
        return None
    for tool, deed in out:
        asked = case.ear(case.turns[index].reply, case.candidates, case.candidates)
        table = next((facet.answers for facet in facets(case.candidates) if facet.key in asked.facets[:1]), {})
        alone = [name for name, answer in table.items() if answer == table.get(tool.name)] == [tool.name]
        if (alone and table[tool.name] in asked.options) or _offers_the_act(case, index, tool, deed):
            return Fault(f"offers what {tool.name} does, which the user has ruled out", index)
    return None


def _offers_the_act(case: Case, index: int, tool: Tool, deed: str) -> bool:
    """Whether a question offers the verb of a tool that no other tool begins with, or what was said of it."""
    choices = map(meaning, _CHOICE.split(case.turns[index].reply))
    if any(len(choice - _OWNERS) > 1 and choice - _OWNERS <= meaning(deed) for choice in choices):
        return True
    verbs = {each.name: meaning(each.text.partition(" ")[0]) for each in case.candidates}
    own = verbs[tool.name] - frozenset().union(*(words for name, words in verbs.items() if name != tool.name))
    return bool(own & meaning(case.turns[index].reply))


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
    plain = label_pattern(case.goal).sub(" ", case.turns[index].reply) if case.goal else ""
    other = tells_of_another(plain, case.candidates, case.scenario.goal_tool)
    if other:
        return Fault(f"the confirmation is about what {other} does", index)
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
        if asks_which(case, index) or asks_values(case, index):
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
