"""Phrases put together from small parts, so that no two conversations sound alike; the parts lie in data/wording."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from ruamel.yaml import YAML

from ..catalog.leaves import labels_of
from ..records.base import derived_seed
from ..records.scenario import Bank
from ..records.tool import Tool
from ..settings import DATA_DIR

Node = str | tuple[str, "list[list[Node]] | str"]
"""Plain text, or ("choice", alternatives), ("rule", name), ("slot", name)."""
Rules = dict[str, list[list[Node]]]
_TOKEN = re.compile(r"\[|\]|\||\{(\w+)\}|<(\w+)>|[^\[\]|{}<>]+")
_UNCAPITALISED = ("terse", "hurried")
"""Styles of people who do not raise the first letter of a sentence."""
_SPACE_BEFORE = re.compile(r"\s+([,.;:?!]|'(?:d|m|s|ll|ve|re)\b)")
_TWO_MARKS = re.compile(r"([,;:])([.?!])")
_STARTS = re.compile(r"(^|(?<!\.)[.?!] )([a-z])")
"""First letters of sentences; what follows an ellipsis goes on with the same one."""
_SLOT_STARTS = re.compile(r"(^|(?<!\.)[.?!] )<(?!value>)(\w+)>")
"""The same for slots; a value is spelled as it is."""
_LATER_STARTS = re.compile(r"((?<!\.)[.?!] )([a-z])")
"""The same without the first of all."""
_SLOT = re.compile(r"<(\^?)(\w+)>")
_GAP = "\x00"
"""Stands for what fills a slot."""
_DRAWS = 150
"""Expansions that are drawn of a rule in each style."""


def parameter_label(tool: Tool, parameter: str) -> str:
    """Business words for a parameter or a dotted part of one, such as "phone number"; KeyError if there is none."""
    return labels_of(tool)[parameter]


def _parse(text: str) -> list[Node]:
    """One entry of a bank as nodes: `[a|b|]` chooses, `{rule}` is another rule, `<slot>` is filled by the caller."""
    stack: list[list[list[Node]]] = [[[]]]
    for found in _TOKEN.finditer(text):
        token = found[0]
        if token == "[":
            stack.append([[]])
        elif token == "]":
            done = stack.pop()
            stack[-1][-1].append(("choice", done))
        elif token == "|" and len(stack) > 1:
            stack[-1].append([])
        elif found[1]:
            stack[-1][-1].append(("rule", found[1]))
        elif found[2]:
            stack[-1][-1].append(("slot", found[2]))
        else:
            stack[-1][-1].append(token)
    return stack[0][0]


@lru_cache(maxsize=4)
def rules_of(bank: Bank) -> Rules:
    """Rule name → its entries.

    `rule@style` stands in for the rule where a person writes so; `rule+trait` adds entries for people of that trait.
    """
    rules: Rules = {}
    for path in sorted((DATA_DIR / "wording" / bank).glob("*.yaml")):
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        rules |= {name: [_parse(str(entry)) for entry in entries] for name, entries in document.items()}
    return rules


def named_in(nodes: Sequence[Node], kind: str) -> frozenset[str]:
    """The names of all rules or of all slots (`kind` is "rule" or "slot") that an entry holds, choices looked into."""
    found: set[str] = set()
    for node in nodes:
        if isinstance(node, str):
            continue
        if node[0] == "choice":
            found.update(name for branch in node[1] for name in named_in(branch, kind))  # type: ignore[arg-type]
        elif node[0] == kind:
            found.add(str(node[1]))
    return frozenset(found)


def expansions(bank: Bank, rule: str) -> frozenset[str]:
    """Everything that a rule can say, in all styles; for rules whose choices are few."""
    rules = rules_of(bank)
    named = [name for name in rules if re.split("[@+]", name)[0] == rule]
    return frozenset(
        re.sub(r"\s+", " ", text).strip() for name in named for entry in rules[name] for text in _all(rules, entry)
    )


def _all(rules: Rules, nodes: Sequence[Node]) -> list[str]:
    said = [""]
    for node in nodes:
        if isinstance(node, str):
            parts = [node]
        elif node[0] == "choice":
            parts = [text for branch in node[1] for text in _all(rules, branch)]  # type: ignore[arg-type]
        elif node[0] == "rule":
            parts = [text for entry in rules[str(node[1])] for text in _all(rules, entry)]
        else:
            parts = [f"<{node[1]}>"]
        said = [before + part for before in said for part in parts]
    return said


@lru_cache(maxsize=8192)
def _entries(bank: Bank, rule: str, style: str, traits: tuple[str, ...], slots: frozenset[str]) -> list[list[Node]]:
    """The entries of a rule that a person can say with these slots given; all of them where it can say none."""
    rules = rules_of(bank)
    entries = list(rules.get(f"{rule}@{style}") or rules[rule])
    for trait in traits:
        entries.extend(rules.get(f"{rule}+{trait}", ()))
    fit = [entry for entry in entries if _sayable(entry, bank, style, traits, slots)]
    return fit or entries


def _sayable(entry: list[Node], bank: Bank, style: str, traits: tuple[str, ...], slots: frozenset[str]) -> bool:
    """Whether every slot of the entry is given, and of each rule it holds some entry's."""
    return named_in(entry, "slot") <= slots and all(
        any(_sayable(inner, bank, style, traits, slots) for inner in _entries(bank, rule, style, traits, slots))
        for rule in named_in(entry, "rule")
    )


@lru_cache(maxsize=4)
def sequences(bank: Bank, length: int = 5) -> frozenset[tuple[str, ...]]:
    """Runs of so many fixed words, case folded, in many expansions of every rule of the user side, in every style.

    What fills a slot ends a run. They are drawn, by a fixed seed: of a rule with very many expansions some are missed.
    """
    rules = rules_of(bank)
    spoken = [name for name in rules if name in _user_rules(bank)]
    gaps = dict.fromkeys(
        frozenset[str]().union(*(named_in(entry, "slot") for r in rules.values() for entry in r)), _GAP
    )
    traits = tuple(sorted({part for name in spoken for part in name.split("+")[1:]}))
    found: set[tuple[str, ...]] = set()
    for style in sorted({"", *(part for name in spoken for part in name.split("@")[1:])}):
        words = Wording(bank, "sequences", style=style, traits=traits)
        for rule in spoken:
            for _ in range(0 if re.search("[@+]", rule) else _DRAWS):
                for part in words.phrase(rule, **gaps).split(_GAP):
                    found.update(runs_of(part, length))
    return frozenset(found)


def runs_of(text: str, length: int = 5) -> Iterator[tuple[str, ...]]:
    """Every run of so many words of the text, case folded, in order."""
    words = re.findall(r"[\w'’]+", text.casefold())
    for start in range(len(words) - length + 1):
        yield tuple(words[start : start + length])


@lru_cache(maxsize=4)
def _user_rules(bank: Bank) -> frozenset[str]:
    """Names of the rules of the user side's own file."""
    file = DATA_DIR / "wording" / bank / "user.yaml"
    return frozenset(YAML(typ="safe", pure=True).load(file.read_text(encoding="utf-8")))


class Wording:
    """A source of phrases of one bank: the same calls under the same seed give the same words.

    `traits` are what else is known of the person, such as "finance" or "new_joiner"; `facts` fill slots of any rule.
    """

    def __init__(
        self,
        bank: Bank,
        *seed: object,
        style: str = "",
        traits: tuple[str, ...] = (),
        facts: Mapping[str, str] | None = None,
    ) -> None:
        self._bank: Bank = bank
        self._style = style
        self._traits = traits
        self._facts = dict(facts or {})
        self.rng = random.Random(derived_seed(bank, *map(str, seed)))

    def says(self, rule: str) -> bool:
        """Whether the bank has this rule."""
        return rule in rules_of(self._bank)

    def phrase(self, rule: str, **slots: str) -> str:
        """One expansion of the rule as a sentence: spaces mended, first letter raised, the slots put in unchanged.

        Of each rule only the entries are drawn whose slots are given.
        """
        return self._said(rule, self._facts | slots, first=True)

    def plain(self, rule: str, **slots: str) -> str:
        """The same as a part of a sentence: its own first letter is not raised."""
        return self._said(rule, self._facts | slots, first=False)

    def _said(self, rule: str, given: Mapping[str, str], *, first: bool) -> str:
        text = re.sub(r"\s+", " ", "".join(self._expand(rule, given))).strip()
        text = _TWO_MARKS.sub(r"\2", _SPACE_BEFORE.sub(r"\1", text))
        if self._style not in _UNCAPITALISED:
            text = (_STARTS if first else _LATER_STARTS).sub(lambda found: found[1] + found[2].upper(), text)
            text = _SLOT_STARTS.sub(r"\1<^\2>", text) if first else text
        return _SLOT.sub(lambda found: _filled(given[found[2]], bool(found[1])), text)

    def _expand(self, rule: str, given: Mapping[str, str]) -> Iterator[str]:
        entries = _entries(self._bank, rule, self._style, self._traits, frozenset(given))
        yield from self._nodes(self.rng.choice(entries), given)

    def _nodes(self, nodes: Sequence[Node], given: Mapping[str, str]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, str):
                yield node
            elif node[0] == "choice":
                yield from self._nodes(self.rng.choice(node[1]), given)  # type: ignore[arg-type]
            elif node[0] == "rule":
                yield from self._expand(str(node[1]), given)
            else:
                yield f"<{node[1]}>"


def _filled(value: str, raised: bool) -> str:
    plain = value[:1].islower() and (value[:2].isalpha() or value[1:2] == " ")
    return value[:1].upper() + value[1:] if raised and plain else value
