"""How varied a text is: three corpus-level numbers over word tokens (METHOD.md §4)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence

_WORD = re.compile(r"\w+(?:['’@.-]\w+)*")


def tokens(text: str) -> list[str]:
    """The words of `text` in order, case folded; an e-mail address, a number or a hyphenated word is one."""
    return _WORD.findall(text.casefold())


def type_token_ratio(tokens: Sequence[str]) -> float:
    """Distinct tokens over all tokens, 0..1; 0 for none. It falls with length: compare texts of one length only."""
    return len(set(tokens)) / len(tokens) if tokens else 0.0


def moving_average_ttr(tokens: Sequence[str], window: int = 100) -> float:
    """The mean type-token ratio of every run of `window` tokens, 0..1; of the whole where it is no longer than that."""
    if len(tokens) <= window:
        return type_token_ratio(tokens)
    inside = Counter(tokens[:window])
    distinct = len(inside)
    for leaving, entering in zip(tokens, tokens[window:], strict=False):
        inside[leaving] -= 1
        if not inside[leaving]:
            del inside[leaving]
        inside[entering] += 1
        distinct += len(inside)
    return distinct / window / (len(tokens) - window + 1)


def ngram_diversity(tokens: Sequence[str], highest: int = 4) -> float:
    """Distinct n-grams over all n-grams, both summed over n = 1 … `highest`, 0..1; 0 for no tokens."""
    distinct = total = 0
    for n in range(1, highest + 1):
        grams = list(zip(*(tokens[start:] for start in range(n)), strict=False))
        distinct += len(set(grams))
        total += len(grams)
    return distinct / total if total else 0.0
