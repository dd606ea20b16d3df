"""Check 4: every value of the call is in the user's words, the last ones counting, and nobody knows more than those."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any

from ...catalog.leaves import Leaf, leaves
from ...catalog.words import by_identity, folded, identifier_words, meaning
from ...records.dialogue import Evidence
from ...records.tool import Tool
from ..reading import read_each, spoken_parts
from ..spoken_values import kinds
from .amounts import numbers
from .attribution import misattributed
from .case import Case, Fault, is_distinct
from .claims import wrong_claim
from .left_out import left_out
from .links import link_to_value
from .moments import dates
from .sayings import said_at
from .withdrawals import withdrawals
from .words import contains, fold, is_fixed, is_telling, name_words, run_in, same_value, spoken
from .words import leaves as parts_of

RARE_LENGTH = 8
"""Characters from which on an enum value in a thought is no everyday word such as "open"."""
_TOLD_APART = re.compile(r"[\w.+-]+@[\w-]+\.[\w.-]*\w|https?://\S+\w|(?<![\w.])[\w+](?:[\w./:,+-]*\w)?")
_VALUE_SIGN = re.compile(r"[\d@]|://")
_NO = re.compile(r"\b(?:no|not|don'?t|without|never|none|isn'?t|doesn'?t|off|leave out|skip)\b", re.IGNORECASE)
_DENYING = meaning("skip disable suppress exclude ignore without hide no not omit")
_DENIED = re.compile(
    r"\b(?:not|instead of|rather than|n't|isn't|wasn't|(?:any\w*|every\w*|all) (?:but|except|other than)|except"
    r"|never|no longer)\s+(?:the |a |an )?[\"“'+(#]*$",
    re.IGNORECASE,
)
_WAVERS = re.compile(
    r"\b(?:not|never|longer|but|except|instead|rather|sorry|wait|correction|correct that|mean|meant|make that"
    r"|scratch|oops|mistake"
    r"|wrong|ignore|disregard|forget|scrap|strike|skip|drop|leave o(?:ut|ff)|omit|old|outdated|take back|withdraw"
    r"|never ?mind)\b|n't",
    re.IGNORECASE,
)
_DISOWNED_BEFORE = re.compile(
    r"(?<!n't )(?<!not )(?<!never )\b(?P<verb>ignore|disregard|forget(?: about)?|scrap|scratch|strike"
    r"|(?:do not|don'?t) (?:use|take|enter))\s+(?:(?:the|that|my|this)\s+)?(?:\w+\s+){0,3}[\"“'+(#]*$",
    re.IGNORECASE,
)
_DISOWNED_AFTER = re.compile(
    r"[\"”')]*\s*[,.;—–-]*\s*(?:but |no |and )*(?:(?:that|this|it)(?:'s| is| was)|is|was) "
    r"(?:(?:an? |the )?(?:old|outdated|wrong"
    r"|stale|typo|mistake)\b(?: (?:one|number|value|address|entry))?\s*(?:[.!;,]|$)|no longer (?:right|valid"
    r"|correct|current))",
    re.IGNORECASE,
)
_CORRECTED = re.compile(
    r"[\"”'.,!?;:\s\w]{0,12}?[.,!;…—–-]*\s*(?:\w+[,.!]?\s+){0,2}?(?:sorry|no,? wait|wait|correction|i mean"
    r"|i meant|make that|rather|scratch that|let me correct that|oops|my mistake"
    r"|wrong)\b[^\w]*(?:\w+[,:]?\s+){0,4}?[\"“']?"
    r"(?P<instead>[\w.+-]*\d[\w.,@:/-]*\w|[\w.+-]+@[\w.-]+\w|https?://\S+\w)",
    re.IGNORECASE,
)
_SURE_NO = re.compile(r"^\W*(?:no|nope|nah|not)\b", re.IGNORECASE)
_SURE_YES = re.compile(r"^\W*(?:yes|yep|yeah|sure|please do|of course|definitely)\b", re.IGNORECASE)
_COUNTED = 4
"""Characters from which on a word with a digit is a value rather than a count."""


def check_grounding(case: Case) -> Iterator[Fault]:
    """Every argument value is in the user's earlier words, the last ones counting; no thought knows more than those."""
    called = _Called.of(case)
    if called:
        yield from called.faults()
    yield from misattributed(case)
    yield from left_out(case)
    yield from _known_too_early(case, called)
    yield from wrong_claim(case)


def grounds(case: Case) -> tuple[Evidence, ...]:
    """A pointer from each argument of the call to the user's words that give it, in the order of the arguments."""
    called = _Called.of(case)
    return tuple(each for each in called.pointers.values() if each) if called else ()


class _Called:
    """The call's values beside the words they come from."""

    def __init__(self, case: Case, tool: Tool, arguments: Mapping[str, Any]) -> None:
        self.case, self.tool = case, tool
        self.parts = spoken_parts(tool, arguments)
        self.parts |= {name: value for name, value in arguments.items() if name not in tool.properties}
        self.is_goal = case.goal is not None and tool.name == case.goal.name

    @classmethod
    def of(cls, case: Case) -> _Called | None:
        """The call to a tool that was shown; the check of the call speaks of any other."""
        call = case.call
        tool = next((tool for tool in case.candidates if call and tool.name == call.name), None)
        return cls(case, tool, call.arguments) if call and tool else None

    @cached_property
    def read(self) -> Mapping[str, Evidence]:
        if self.is_goal:
            return self.case.goal_readings[-1].values
        return read_each([self.tool], self.case.turns, self.case.ear)[-1].values

    @cached_property
    def pointers(self) -> dict[str, Evidence | None]:
        """Dotted path → the words that give the value; None where nothing does."""
        return {path: self._pointer(path, value) for path, value in self.parts.items()}

    @cached_property
    def _wavers(self) -> bool:
        """Whether the user denies or corrects anything at all."""
        return _WAVERS.search(self.case.user_words_before(self.case.last)) is not None

    @cached_property
    def _withdrawn(self) -> list[tuple[str, int, int]]:
        return withdrawals(self.case)

    def _wanted(self, path: str, value: Any) -> bool:
        return self.is_goal and path in self.case.gold_parts and same_value(self.case.gold_parts[path], value)

    def _pointer(self, path: str, value: Any) -> Evidence | None:
        if path in self.read and same_value(self.read[path].value, value):
            return self.read[path]
        if not self._wanted(path, value):
            return self._as_it_is(path, value)
        said = list(self.case.sayings(path, value))
        if said and not _denies_parts(value, self.case.user_words_before(self.case.last)):
            return said[-1]
        return None if said else self._by_its_question(path, value)

    def _as_it_is(self, path: str, value: Any) -> Evidence | None:
        """A value that nobody wants must at least stand in the words as it is."""
        for index, _, words in self.case.user_turns():
            if spoken(value, words):
                start, end = said_at(value, words, self.case.today) or (0, len(words))
                return Evidence(parameter=path, value=value, turn=index, start=start, end=end)
        return None

    def _by_its_question(self, path: str, value: Any) -> Evidence | None:
        """A choice that the user makes in other words, as the answer to a question about it or by naming it."""
        leaf = next((leaf for leaf in leaves(self.tool) if leaf.path == path), None)
        if leaf is None or not ("enum" in leaf.schema or "boolean" in kinds(leaf.schema)):
            return None
        if self._says_otherwise(leaf, value):
            return None
        for index, _, words in self.case.user_turns():
            asked = index > 0 and "?" not in words and link_to_value(self.case.turns[index - 1].reply, leaf)
            if (asked and _answers(words, value, self.case, index)) or _names(words, leaf, value):
                return Evidence(parameter=path, value=value, turn=index, start=0, end=len(words))
        return None

    def _says_otherwise(self, leaf: Leaf, value: Any) -> bool:
        """Whether the user chooses another of the values, or speaks of a yes-or-no value to the contrary."""
        words = self.case.user_words_before(self.case.last)
        if isinstance(value, bool):
            return heard_polarity(words, leaf) is (not value)
        options = [option for option in leaf.schema.get("enum", ()) if not same_value(option, value)]
        return any(is_telling(option) and said_at(option, words, self.case.today) for option in options)

    def faults(self) -> Iterator[Fault]:
        """Each value that the words do not give, or that they gave before something else."""
        for path, value in self.parts.items():
            pointer = self.pointers[path]
            if pointer is None and not is_fixed(self.tool, path):
                yield Fault(f"{path} = {value!r} is in no user turn", self.case.last)
            elif pointer and self._taken_back(path, value):
                yield Fault(f"{path} is {value!r}, which the user took back", self.case.last)
            elif pointer and (latest := self._said_later(path, value, pointer)):
                yield Fault(f"{path} is {value!r}, yet the user's last words on it are {latest!r}", self.case.last)

    def _taken_back(self, path: str, value: Any) -> bool:
        """Whether the user's last mention of a value denies it, or something of the same shape is put in its place."""
        if isinstance(value, bool | dict) or value is None or not self._wavers:
            return False
        if isinstance(value, list):
            return any(self._taken_back(path, part) for part in value)
        said = list(self.case.sayings(path, value))
        if not said:
            return False
        words = self.case.turns[said[-1].turn].reply
        before, after = words[: said[-1].start], words[said[-1].end :]
        if _DENIED.search(before) or self._disowned(before, after):
            return True
        if any(path == name and (turn, at) > (said[-1].turn, said[-1].start) for name, turn, at in self._withdrawn):
            return True
        corrected = _CORRECTED.match(words, said[-1].end)
        shape = _shape(words[said[-1].start : said[-1].end])
        if re.search(r"[\d@]", shape) and self._goes_back(said[-1], words):
            return True
        return bool(corrected and shape != "A" and _shape(corrected["instead"]) == shape)

    def _goes_back(self, said: Evidence, words: str) -> bool:
        """Whether one value stands before and after this one in a turn, and not in the call: X, no, Y, no, X."""
        before, after = (set(_TOLD_APART.findall(part)) for part in (words[: said.start], words[said.end :]))
        shape = _shape(words[said.start : said.end])
        again = [each for each in before & after if _shape(each) == shape]
        return any(not spoken(each, str(self.parts)) for each in again)

    def _disowned(self, before: str, after: str) -> bool:
        """Whether the words about a value say to leave it aside, or that it does not hold any more."""
        aside = _DISOWNED_BEFORE.search(before)
        if aside and not set(name_words(aside["verb"])) & set(name_words(self.tool.text)):
            return True
        return _DISOWNED_AFTER.match(after) is not None

    def _said_later(self, path: str, value: Any, pointer: Evidence) -> Any:
        """What the user said of the same thing after this value; None if this is the last word."""
        read = self.read.get(path)
        if read and not same_value(read.value, value) and (read.turn, read.start) > (pointer.turn, pointer.start):
            return read.value
        if self._wanted(path, value) or path not in self.case.gold_parts or not self.is_goal:
            return None
        right = self.case.gold_parts[path]
        later = [each for each in self.case.sayings(path, right) if (each.turn, each.start) > (pointer.turn, 0)]
        return right if later and not isinstance(right, bool) else None


def heard_polarity(words: str, leaf: Leaf) -> bool | None:
    """What the words say of a yes-or-no value that they name; None where they do not, or where its name denies."""
    return _polarity(words, meaning(leaf.label))


def _polarity(words: str, own: frozenset[str]) -> bool | None:
    if own & _DENYING:
        return None
    said: bool | None = None
    for sentence in re.split(r"[.!?;\n]|,(?! (?:please|thanks))|\band\b", words):
        if own and len(own & meaning(sentence)) * 2 >= len(own):
            said = not _NO.search(sentence)
    return said


def _denies_parts(value: Any, words: str) -> bool:
    """Whether a list of objects holds a yes or no that the words contradict."""
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        return False
    flags: dict[str, set[bool]] = {}
    for item in value:
        for key, part in item.items():
            if isinstance(part, bool):
                flags.setdefault(key, set()).add(part)
    return any(
        (heard := _polarity(words, meaning(" ".join(identifier_words(key))))) is not None and heard not in said
        for key, said in flags.items()
    )


def _shape(text: str) -> str:
    """The kind of a code or number: letters as A, digits as 9, runs as one."""
    return re.sub(r"[,.]", "", re.sub(r"9[9,.]*", "9", re.sub(r"\d", "9", re.sub(r"[^\W\d_]+", "A", text))))


def _answers(words: str, value: Any, case: Case, index: int) -> bool:
    """Whether an answer may stand for this choice: a plain yes or no for a truth value, anything said for another."""
    if isinstance(value, bool):
        return (_SURE_YES if value else _SURE_NO).search(words) is not None
    return bool(case.beside_values(index)) and not case.is_evasive(index)


def _names(words: str, leaf: Leaf, value: Any) -> bool:
    """Whether the words speak of a yes-or-no value by its name."""
    return isinstance(value, bool) and heard_polarity(words, leaf) is not None


# --- what the assistant says -----------------------------------------------------------------------------------------


def _told(case: Case) -> str:
    """All that the tools in view tell the assistant, folded."""
    return fold(" ".join(_text_of_tool((tool,)) for tool in case.candidates))


@by_identity(8192)
def _text_of_tool(tools: Sequence[Tool]) -> str:
    (tool,) = tools
    names = (tool.name, tool.original_name, tool.path, tool.group, tool.source)
    return f"{tool.text} {' '.join(names)} {tool.parameters}"


def _known_too_early(case: Case, called: _Called | None) -> Iterator[Fault]:
    """Each assistant turn that names a hidden value, an address or a number that no user turn gave before it."""
    told = _told(case)
    for index, turn in enumerate(case.turns):
        if turn.speaker != "assistant":
            continue
        words = f"{turn.thought}\n{turn.reply}"
        for value in [*_chosen_early(case, called, index, words), *_unheard(case, index, words, told)]:
            if fold(value) not in told or (value in turn.thought and _is_secret(case, value)):
                yield Fault(f"the assistant speaks of {value!r}, which no user turn gave", index)
                break


def _chosen_early(case: Case, called: _Called | None, index: int, words: str) -> Iterator[str]:
    """The gold values that an assistant turn names although they are not stated yet."""
    heard = case.user_words_before(index)
    for path, value in case.gold_parts.items():
        for _, part in parts_of(value) if isinstance(value, dict) else [("", value)]:
            for each in part if isinstance(part, list) else [part]:
                if isinstance(each, str) and is_telling(each) and contains(words, each):
                    pointer = case.stated.get(path) or (called.pointers.get(path) if called else None)
                    known = pointer is not None and pointer.turn < index
                    if not known and not contains(heard, each) and not said_at(each, heard, case.today):
                        yield each


def _unheard(case: Case, index: int, words: str, told: str) -> Iterator[str]:
    """Addresses, codes and numbers in the assistant's words that no user turn before them gave."""
    parts = _TOLD_APART.findall(words) if _is_a_value(words) else ()
    said = [each for each in parts if len(each) >= _COUNTED and _is_a_value(each)]
    if not said:
        return
    heard = case.user_words_before(index)
    stated = [str(value.value) for value in case.known_before(index).values()]
    text = fold("\n".join([heard, *stated, case.today.isoformat()]))
    bare = folded(text)
    for each in said:
        if fold(each) in text or folded(each) in bare or (fold(each) in told and not _is_secret(case, each)):
            continue
        if not _derived(each, heard, case):
            yield each


def _is_a_value(word: str) -> bool:
    return _VALUE_SIGN.search(word) is not None


def _derived(word: str, heard: str, case: Case) -> bool:
    """Whether the word is another way to write a day, a time or a number that was said."""
    if said_at(word, heard, case.today):
        return True
    ordinal = re.fullmatch(r"(\d{1,2})(?:st|nd|rd|th)", word)
    if ordinal:
        return any(day.day == int(ordinal[1]) for day, _ in dates(heard, case.today))
    given = {number for number, _ in numbers(heard)} | {float(day.year) for day, _ in dates(heard, case.today)}
    given |= {float(value) for value in case.gold_parts.values() if isinstance(value, int | float) and value in given}
    if any(number in given for number, _ in numbers(word)):
        return True
    moments = {day for day, _ in dates(heard, case.today)}
    return any(day in moments for day, _ in dates(word, case.today))


def _is_secret(case: Case, value: str) -> bool:
    """Whether a word that the tools tell too can only stand in a thought because the gold value is known."""
    wanted = any(fold(value) == fold(str(gold)) for _, gold in parts_of(case.scenario.gold_arguments))
    coded = any(character.isdigit() for character in value)
    return is_choice_of(case, value) or (wanted and coded and is_distinct(value))


def is_choice_of(case: Case, value: str) -> bool:
    """Whether a value is a choice of a parameter and no everyday word, so that words with it have made the choice."""
    if case.goal is None or not is_option(case.goal, value):
        return False
    everyday = [
        word for tool in case.candidates for word in name_words(f"{tool.text} {tool.name} {list(tool.properties)}")
    ]
    return (len(value) >= RARE_LENGTH or not value.isalpha()) and not run_in(name_words(value), everyday)


def is_option(tool: Tool, value: Any) -> bool:
    """Whether a parameter of the tool lists the value among its choices."""
    return any(isinstance(schema, dict) and value in schema.get("enum", ()) for schema in tool.properties.values())
