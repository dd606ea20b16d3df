"""How varied the words of many dialogues are, and which dialogues say the same (METHOD.md §4)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from ..conversation.text_statistics import moving_average_ttr, ngram_diversity, tokens, type_token_ratio
from ..records.dialogue import Dialogue, public_words

if TYPE_CHECKING:
    from scipy.sparse import csr_matrix

DUPLICATE = 0.8
"""Cosine of two dialogues' word and word-pair weights from which on they say the same."""
WORD = r"\w+(?:['’@.-]\w+)*"
"""A word, an address or a number, as `text_statistics` counts them."""
BLOCK = 512
"""Rows compared at a time; bounds memory at 50,000 dialogues."""


@dataclass(frozen=True, slots=True)
class Diversity:
    """Corpus-level numbers over the public words of user and assistant."""

    dialogues: int
    ttr: float
    """Distinct words over all words, 0..1; falls with the size of the corpus."""
    mattr: float
    """The same within a moving window of 100 words; does not depend on size."""
    ngd: float
    """Distinct n-grams over all n-grams, n = 1..4, 0..1."""
    distinct_openings: int
    commonest_opening: float
    """Share of dialogues that begin with the commonest opening, 0..1."""
    near_duplicates: tuple[tuple[str, ...], ...]
    """Clusters of ids of dialogues that say the same, largest first, each in the order given."""


def diversity(dialogues: Sequence[Dialogue]) -> Diversity:
    """The diversity of these dialogues; zeros and no clusters for none."""
    words = [token for dialogue in dialogues for token in tokens(spoken_text(dialogue))]
    openings = Counter(" ".join(tokens(dialogue.turns[0].reply)) for dialogue in dialogues if dialogue.turns)
    return Diversity(
        dialogues=len(dialogues),
        ttr=type_token_ratio(words),
        mattr=moving_average_ttr(words),
        ngd=ngram_diversity(words),
        distinct_openings=len(openings),
        commonest_opening=max(openings.values(), default=0) / max(1, len(dialogues)),
        near_duplicates=near_duplicates(dialogues),
    )


def spoken_text(dialogue: Dialogue) -> str:
    """All public words, calls left out: their tokens are the catalog's."""
    return "\n".join(turn.reply for turn in dialogue.turns if turn.reply)


def near_duplicates(dialogues: Sequence[Dialogue], floor: float = DUPLICATE) -> tuple[tuple[str, ...], ...]:
    """Clusters of ids whose words are close to those of another in the cluster, largest first, ties in order."""
    texts = ["\n".join(public_words(turn) for turn in dialogue.turns) for dialogue in dialogues]
    if len(texts) < 2 or not any(tokens(text) for text in texts):
        return ()
    from scipy.sparse import csr_matrix
    from scipy.sparse.csgraph import connected_components
    from sklearn.feature_extraction.text import TfidfVectorizer

    weights = TfidfVectorizer(token_pattern=WORD, ngram_range=(1, 2)).fit_transform(texts)
    _, label = connected_components(_close_pairs(csr_matrix(weights), floor), directed=False)
    clusters: dict[int, list[str]] = {}
    for dialogue, cluster in zip(dialogues, label, strict=True):
        clusters.setdefault(int(cluster), []).append(dialogue.id)
    return tuple(sorted((tuple(ids) for ids in clusters.values() if len(ids) > 1), key=len, reverse=True))


def _close_pairs(rows: csr_matrix, floor: float) -> csr_matrix:
    """A square matrix whose entries are the pairs of unit rows with a cosine of at least `floor`."""
    from scipy.sparse import csr_matrix

    size = len(rows.indptr) - 1
    first: list[np.ndarray] = []
    second: list[np.ndarray] = []
    for start in range(0, size, BLOCK):
        product = (rows[start : start + BLOCK] @ rows.T).tocoo()
        close = product.data >= floor
        first.append(product.row[close] + start)
        second.append(product.col[close])
    a, b = np.concatenate(first), np.concatenate(second)
    return csr_matrix((np.ones(len(a), dtype=np.int8), (a, b)), shape=(size, size))
