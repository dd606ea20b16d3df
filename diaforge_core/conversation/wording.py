"""Phrases put together from small parts, so that no two conversations sound alike; the parts lie in data/wording."""

from __future__ import annotations

import random
import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from ruamel.yaml import YAML

from ..catalog.leaves import labels_of
from ..records.base import derived_seed
from ..records.scenario import Bank
from ..records.tool import Tool
from ..settings import DATA_DIR

Node = str | tuple[str, "list[list[Node]] | str"]
"""Plain text, or ("choice", alternatives), ("rule", name), ("slot", name)."""
_TOKEN = re.compile(r"\[|\]|\||\{(\w+)\}|<(\w+)>|[^\[\]|{}<>]+")


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
def rules_of(bank: Bank) -> dict[str, list[list[Node]]]:
    """Rule name → its entries; a name such as `opening@terse` is the rule for one style of writing."""
    rules: dict[str, list[list[Node]]] = {}
    for path in sorted((DATA_DIR / "wording" / bank).glob("*.yaml")):
        document = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
        rules |= {name: [_parse(str(entry)) for entry in entries] for name, entries in document.items()}
    return rules


def expansions(bank: Bank, rule: str) -> frozenset[str]:
    """Everything that a rule can say, in all styles; for rules whose choices are few."""
    rules = rules_of(bank)
    named = [name for name in rules if name.split("@")[0] == rule]
    return frozenset(
        re.sub(r"\s+", " ", text).strip() for name in named for entry in rules[name] for text in _all(rules, entry)
    )


def _all(rules: dict[str, list[list[Node]]], nodes: Sequence[Node]) -> list[str]:
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


class Wording:
    """A source of phrases of one bank: the same calls under the same seed give the same words."""

    def __init__(self, bank: Bank, *seed: object, style: str = "") -> None:
        self._rules = rules_of(bank)
        self._style = style
        self.rng = random.Random(derived_seed(bank, *map(str, seed)))

    def says(self, rule: str) -> bool:
        """Whether the bank has this rule."""
        return rule in self._rules

    def phrase(self, rule: str, **slots: str) -> str:
        """One expansion of the rule as a sentence: spaces mended, first letter raised, the slots put in unchanged."""
        text = re.sub(r"\s+", " ", "".join(self._expand(rule))).strip()
        text = re.sub(r"\s+([,.;:?!]|'(?:d|m|s|ll|ve|re)\b)", r"\1", text)
        text = re.sub(r"([,;:])([.?!])", r"\2", text)
        if self._style not in ("terse", "hurried"):
            text = re.sub(r"(^|[.?!] )([a-z])", lambda found: found[1] + found[2].upper(), text)
            text = re.sub(r"(^|[.?!] )<(\w+)>", r"\1<^\2>", text)
        return re.sub(r"<(\^?)(\w+)>", lambda found: _filled(slots[found[2]], bool(found[1])), text)

    def _expand(self, rule: str) -> Iterator[str]:
        entries = self._rules.get(f"{rule}@{self._style}") or self._rules[rule]
        yield from self._nodes(self.rng.choice(entries))

    def _nodes(self, nodes: list[Node]) -> Iterator[str]:
        for node in nodes:
            if isinstance(node, str):
                yield node
            elif node[0] == "choice":
                yield from self._nodes(self.rng.choice(node[1]))  # type: ignore[arg-type]
            elif node[0] == "rule":
                yield from self._expand(str(node[1]))
            else:
                yield f"<{node[1]}>"


def _filled(value: str, raised: bool) -> str:
    return value[:1].upper() + value[1:] if raised and value[:1].islower() and value[:2].isalpha() else value
