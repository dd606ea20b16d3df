"""What a user takes back: the whole wish, the task that is then called, or one value."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ...catalog.profiles import profile
from ...catalog.words import meaning
from ...records.tool import Tool
from ..labels import label_pattern, leaf_named
from ..understanding import sentences
from .case import Case, Fault
from .links import link_to_tasks
from .sayings import said_at
from .thoughts import WORD_BY_WORD, told_of
from .words import name_words

_STOPS = re.compile(
    r"\b(?:do not|don'?t)(?: please)? (?:do|call|touch|change|run|submit|execute|make|send) (?:anything|any of "
    r"(?:it|this|that))\b(?! (?:else|other|more|yet|until|before|without|beyond|besides|but))"
    r"|\b(?:do not|don'?t) (?:do (?:it|this|that)|proceed|go ahead|carry on|continue)\b(?! (?:yet|until|before|without"
    r"|unless|if|by|via|with the|for the))"
    r"|\bforget (?:about )?(?:the whole (?:thing|request|matter)|everything|all (?:of )?(?:this|that|it))\b"
    r"|\bcall (?:it|this|that|the whole thing|everything) off\b"
    r"|\bi(?:'d| would) (?:rather|prefer) (?:that )?(?:you )?(?:did|do|not do|did not do)(?:n'?t)? "
    r"(?:it|nothing|anything)\b",
    re.IGNORECASE,
)
"""Words that stop everything wherever they stand."""
_STOPS_ALONE = re.compile(
    r"\b(?:forget (?:about )?(?:it|that|this)|never ?mind(?: (?:it|that|all that|about (?:it|that|this)))?"
    r"|stop(?: it| this| right there| here| everything)?|leave (?:it|that|this|everything)(?: alone| be"
    r"| as (?:it )?is| there| at that)?"
    r"|(?:drop|cancel|abort|scrap|skip|withdraw) (?:it|that|this|everything|(?:my|the|this) "
    r"(?:whole )?(?:request|thing|idea))"
    r"|abort|(?:let'?s |better |rather )not|(?:do not|don'?t) bother|hold off|(?:do not|don'?t)(?!\s*\w)"
    r"|i (?:no longer (?:want|need)|(?:do not|don'?t) (?:want|need)) (?:it|this|that|any of (?:it|this|that)|anything)"
    r"(?: done)?(?: any ?more| after all| at all)?|i(?:'ve| have)? changed my mind|that'?s "
    r"(?:not needed|no longer needed|off)|it'?s (?:off|no longer needed|not needed)(?: any ?more| after all)?)\b",
    re.IGNORECASE,
)
"""Words that stop everything where a sentence says nothing else; beside others they may be about anything."""
_MAY_BE_TASKS = frozenset(("cancel", "stop", "abort", "drop", "leave", "skip", "scrap", "withdraw", "hold"))
_STOP_SIGNS = (
    "n't", "not", "forget", "off", "mind", "stop", "leave", "drop", "cancel", "abort", "scrap", "skip", "withdraw",
    "longer", "rather", "prefer",
)  # fmt: skip
_FILLERS = re.compile(
    r"\b(?:actually|no|nope|oh|ah|wait|sorry|please|thanks|thank you|just|then|well|hm+|ok(?:ay)?|hold on"
    r"|on second thoughts?|you know what|and|but|so|for now|after all|now|better|all|at|yes|right|hey|let'?s|simply)\b",
    re.IGNORECASE,
)
_OTHER_TASK = re.compile(
    r"\b(?:that|this|it)(?:'s| is|'?s| was|isn'?t|wasn'?t)? ?(?:not|never|isn'?t|wasn'?t)? ?(?:the |a )?"
    r"(?:what i (?:want|need|meant?|asked)\w*|(?:operation|task|tool|action|thing|job|step|one) (?:that )?i "
    r"(?:want|need|meant?|asked)\w*)\b",
    re.IGNORECASE,
)
_NOT = re.compile(r"\b(?:not|never)\b|n't\b", re.IGNORECASE)
_MEANT_OTHER = re.compile(
    r"\bi (?:want|wanted|meant?|need|needed|prefer) the other (?:one|operation|task|tool|action|thing)\b"
    r"|\b(?:that|this|it)(?:'s| is|'?s| was)? the wrong (?:operation|task|tool|action|thing|job|step)\b",
    re.IGNORECASE,
)
_REFUSES = re.compile(
    r"\b(?:i|we)(?:'d| would)? (?:do not|don'?t|did not|didn'?t|never|no longer) (?:actually |really |ever )?"
    r"(?:want(?:ed)?|wish(?:ed)?|need(?:ed)?|intend(?:ed)?|plan(?:ned)?|mean|meant|ask(?:ed)?)(?: you)? "
    r"to (?P<wish>[^.!?;,]+)"
    r"|(?:^|[.!?;,—-]\s*)(?:and |but |so |no |please )*(?:do not|don'?t|never) (?P<order>[^.!?;,]+)",
    re.IGNORECASE,
)
_ANYTHING = meaning("anything everything something nothing all any it that this thing one at all now please here there")
_ASIDE_SIGNS = (
    "scrap", "scratch", "forget", "ignore", "disregard", "strike", "skip", "drop", "leave o", "omit", "mind",
    "take back", "withdraw", "not ", "n't ",
)  # fmt: skip
"""One of these is in whatever `_WITHDRAWS` matches; to look for them is quicker."""
_SMALL = frozenset(("the", "out", "off", "about", "in", "do", "not", "don", "t", "back"))
_WITHDRAWS = re.compile(
    r"(?P<not>\b(?:do not|don'?t|never|didn'?t) )?\b(?P<verb>scrap|scratch|forget(?: about)?|ignore|disregard|strike"
    r"|skip|drop|leave out|omit|leave off|never ?mind(?: about)?|take back|withdraw"
    r"|(?:do not|don'?t) (?:use|send|include|take|enter|put in))\s+(?:(?:the|that|my|this|our|about)\s+){1,2}$",
    re.IGNORECASE,
)


# --- the whole wish --------------------------------------------------------------------------------------------------


def called_off(case: Case) -> Fault | None:
    """A call that follows although the user's last turn calls all off, or denies the very task that is called."""
    if case.call is None or case.goal is None or case.last < 1 or case.call.name != case.goal.name:
        return None
    words = case.turns[case.last - 1].reply
    after = _after_the_stop(case, words)
    if after is not None and not _goes_on(case, after):
        return Fault("the call follows although the user has called it off", case.last)
    if _wants_another(case, words) or _refuses_the_task(case):
        return Fault("the call follows although the user denies that this is wanted", case.last)
    return None


def _after_the_stop(case: Case, words: str) -> str | None:
    """What follows the last words that stop everything; None where none do."""
    low = words.casefold()
    if not any(sign in low for sign in _STOP_SIGNS):
        return None
    own = _MAY_BE_TASKS & set(name_words(f"{case.goal.name} {case.goal.text}")) if case.goal else frozenset()
    found = [match.end() for match in _STOPS.finditer(words)]
    at = 0
    for sentence in sentences(words):
        at = words.find(sentence, at)
        stop = _STOPS_ALONE.search(sentence)
        if stop and not set(name_words(stop[0])) & own and not _rest(sentence):
            found.append(at + len(sentence))
        at += len(sentence)
    return words[max(found) :] if found else None


def _rest(sentence: str) -> str:
    """What a sentence says besides stopping."""
    bare = _FILLERS.sub(" ", _STOPS_ALONE.sub(" ", _STOPS.sub(" ", sentence)))
    return "".join(character for character in bare if character.isalnum())


def _goes_on(case: Case, words: str) -> bool:
    """Whether words ask for the task all the same, or give a value for it."""
    if any(not isinstance(value, bool) and said_at(value, words, case.today) for value in case.gold_parts.values()):
        return True
    return bool(meaning(words) & _own_actions(case))


# --- the task --------------------------------------------------------------------------------------------------------


def _own_actions(case: Case) -> frozenset[str]:
    """Stems of what the goal tool does: its common action, or else the verb that its task begins with."""
    task = profile(case.goal).task if case.goal else ""
    return frozenset(word for word in meaning(task) if word.startswith("@")) or meaning(task.partition(" ")[0])


def _wants_another(case: Case, words: str) -> bool:
    """Whether words end in saying that another task is meant, where nothing but this one was settled."""
    denials = [each for each in _OTHER_TASK.finditer(words) if _NOT.search(each[0])]
    ends = [each.end() for each in (*denials, *_MEANT_OTHER.finditer(words))]
    if not ends or case.goal is None:
        return False
    rest = words[max(ends) :]
    return not (_goes_on(case, rest) or link_to_tasks(rest, (case.goal,)))


def _refuses_the_task(case: Case) -> bool:
    """Whether a user turn says that just this must not be done, and nothing after it asks for it."""
    own = _own_actions(case)
    if not own:
        return False
    for index, _, words in case.user_turns():
        if not _NOT.search(words) and "longer" not in words:
            continue
        for found in _REFUSES.finditer(words):
            denied = meaning(found["wish"] or found["order"] or "")
            if denied & own and denied - own <= _task_words(case) | _ANYTHING:
                later = [words[found.end() :], *(turn.reply for turn in case.turns[index + 2 : case.last : 2])]
                if not any(_asks_for(case, each) for each in later):
                    return True
    return False


def _task_words(case: Case) -> frozenset[str]:
    return meaning(profile(case.goal).task) if case.goal else frozenset()


def _asks_for(case: Case, words: str) -> bool:
    """Whether words name the goal's action without denying it."""
    return bool(meaning(_REFUSES.sub(" ", words)) & _own_actions(case))


_NOT_MEANT = re.compile(
    r"\b(?:it|this|that)(?:(?:'s| is) not| isn'?t) (?:to|about|for)\b (?P<thing>[^.!?;,]+)"
    r"|\b(?:i(?:'m| am)|we(?:'re| are)) not (?:going|here|trying|looking|planning|about|out) to (?P<deed>[^.!?;,]+)"
    r"|\bno need to (?P<need>[^.!?;,]+)",
    re.IGNORECASE,
)


_MAY_DENY = re.compile(r"n't\b|\b(?:not|never|no longer|no need)\b", re.IGNORECASE)


def ruled_out(case: Case, index: int) -> list[tuple[Tool, str]]:
    """The candidates, but for the goal, whose task the user says before turn `index` not to want, with the words."""
    found: list[tuple[Tool, str]] = []
    for turn, _, words in case.user_turns():
        if turn >= index or not _MAY_DENY.search(words):
            continue
        for denied in (*_REFUSES.finditer(words), *_NOT_MEANT.finditer(words)):
            deed = next((part for part in denied.groupdict().values() if part), "")
            _, told = told_of(deed, case.candidates)
            out = told - {case.scenario.goal_tool} if len(told) == 1 else set()
            found += [(tool, deed) for tool in case.candidates if tool.name in out]
    return found


_OR = re.compile(r"\bor\b", re.IGNORECASE)
_DENIES = re.compile(r"\b(?:not|n't|rather than|instead of) [^,.;!?]+", re.IGNORECASE)


def wavers_between(case: Case, index: int) -> bool:
    """Whether user turn `index` names the tasks of several candidates, with an "or" between them."""
    words = case.turns[index].reply
    parts = _OR.split(words) if _OR.search(words) else []
    told = [each for part in parts if len(each := _told_in(case, part)) == 1]
    return len(set().union(*told)) > 1


def _told_in(case: Case, words: str) -> set[str]:
    """The tools whose task words tell, what they deny left out unless the tool's own text denies it too."""
    share, told = told_of(words, case.candidates)
    return told if share >= WORD_BY_WORD else told_of(_DENIES.sub(" ", words), case.candidates)[1]


# --- one value -------------------------------------------------------------------------------------------------------


def withdrawals(case: Case) -> list[tuple[str, int, int]]:
    """The values that the user takes back by their names: dotted path, turn, place in its words."""
    found: list[tuple[str, int, int]] = []
    if case.goal is None:
        return found
    for index, _, words in case.user_turns():
        low = words.casefold()
        if any(sign in low for sign in _ASIDE_SIGNS):
            found += ((path, index, at) for path, at in _withdrawn(case.goal, words))
    return found


def _withdrawn(tool: Tool, words: str) -> Iterator[tuple[str, int]]:
    own = set(name_words(f"{tool.name} {tool.text}")) - _SMALL
    for found in label_pattern(tool).finditer(words):
        verb = _WITHDRAWS.search(words[: found.start()])
        if verb and not verb["not"] and not set(name_words(verb["verb"])) & own:
            yield leaf_named(tool, found[0]).path, found.end()
