"""How a user words the values it holds: with their labels, in clauses of many shapes, or put off and left out."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from ..catalog.leaves import Leaf
from ..catalog.words import singular, word_set
from .sentences import follow, listed, sentence
from .spoken_values import kinds, spoken
from .wording import Wording

_FIRST_SHARE = 0.3
"""Share of the values that are said before their label where they can be: "use 12 as the account ID"."""
_LINES_FROM = 3
"""Values from which on some people write one a line."""
_LINES_SHARE = 0.12
_ONE_TOKEN = re.compile(r"\"[^\"]*\"|(?=\S*\d)[^\s,;:\"“”]*[^\s,.;:!?\"“”]")
"""What can be recognised before its label: a quoted text, or one word with a digit."""

_OWN = re.compile(r"\b(our|my) ", re.IGNORECASE)
_HELD = "\x00"
"""Stands for the value while the words round it are mended."""
_SWITCHES = word_set("is has can are was does should allow enable disable")
"""First words of what is either so or not, which no sentence takes for a noun."""
_NAMES = re.compile(r"\b(?:IDs?|SID|number|code|key|name|email|address|URL)\Z", re.IGNORECASE)
"""Last words of what is as it is, and not what it should be."""


class ValueWords:
    """Words for the values of one call."""

    def __init__(self, known: Mapping[str, Leaf], style: str) -> None:
        self._leaves = known
        self._style = style

    def clauses(self, words: Wording, said: Sequence[tuple[str, Any]]) -> str:
        """The values, as (path, value), with their labels, as sentences or one a line."""
        if len(said) >= _LINES_FROM and words.rng.random() < _LINES_SHARE:
            return "".join(f"\n- {self._label(path)}: {self._spoken(words, path, value)}" for path, value in said)
        text = ""
        for path, value in said:
            clause, begins_with_value = self._clause(words, path, value)
            joint = words.plain("between") if text else ""
            opens = not text or joint.endswith(".")
            clause = clause if begins_with_value or not opens else self._opened(clause)
            text = f"{text}{'' if joint.startswith((',', '.', ';')) or not text else ' '}{joint} {clause}".strip()
        return sentence(text)

    def clause(self, words: Wording, path: str, value: Any) -> str:
        """One value with its label, as a part of a sentence."""
        return self._clause(words, path, value)[0]

    def _clause(self, words: Wording, path: str, value: Any) -> tuple[str, bool]:
        """The clause, and whether the value, which is never spelled in another way, stands first in it."""
        leaf = self._leaves[path]
        said = self._spoken(words, path, value)
        last = leaf.label.split()[-1]
        verb = "are" if singular(last) != last else "is"
        slots = {"label": leaf.label, "value": said, "is": verb, "value_is": verb}
        if not _NAMES.search(leaf.label):
            slots["be"] = "be"
        first = _ONE_TOKEN.fullmatch(said) and words.rng.random() < _FIRST_SHARE
        rule = "clause_flag" if "boolean" in kinds(leaf.schema) else "clause_first" if first else "clause"
        if rule == "clause_flag" and leaf.label.split()[0] in _SWITCHES:
            return f"{leaf.label}: {said}", False
        if not leaf.label.endswith("ID"):
            slots["value"] = _HELD
        text = words.plain(rule, **slots)
        if slots["value"] == _HELD:
            text = _OWN.sub("the ", text).replace(_HELD, said)
        return text, text.startswith(said)

    def bare(self, words: Wording, path: str, value: Any) -> str:
        """The value alone behind a lead-in, as the answer to a question for nothing else."""
        spoken_value = self._spoken(words, path, value)
        said, lead = words.phrase("bare", value=spoken_value), words.phrase("give")
        return f"{lead} {said}".strip() if said.startswith(spoken_value) else follow(lead, said)

    def labels(self, paths: Sequence[str]) -> str:
        """The labels of the values as a list."""
        return listed([self._label(path) for path in paths])

    def _label(self, path: str) -> str:
        return self._leaves[path].label

    def _spoken(self, words: Wording, path: str, value: Any) -> str:
        return spoken(self._leaves[path].schema, value, words.rng)

    def _opened(self, text: str) -> str:
        return text if self._style in ("terse", "hurried") else text[:1].upper() + text[1:]
