"""Shares of labelled questions that are understood right, by kind, and the time that hearing one takes.

`python -m benchmarks.bench_questions [FILE]`; without a file, the open half. Nothing but totals is printed, so that a
file that is kept from whoever changes the ear stays unread.
"""

from __future__ import annotations

import sys
import time
from collections import Counter
from pathlib import Path

from diaforge_core.evaluation.statistics import wilson
from tests.labelled_questions import KINDS, OPEN, heard, is_right, labelled


def main() -> None:
    questions = list(labelled(Path(sys.argv[1]) if len(sys.argv) > 1 else OPEN))
    right, asked = Counter[str](), Counter[str]()
    for question in questions:
        kind = question["means"]["kind"]
        asked[kind] += 1
        right[kind] += is_right(question)
    for kind in filter(asked.get, KINDS):
        _line(kind, right[kind], asked[kind])
    _line("all", right.total(), asked.total())
    start = time.process_time()
    for question in questions:
        heard(question | {"question": f"{question['question']} "})
    print(f"{(time.process_time() - start) / len(questions) * 1e6:.0f} µs a question, the talk before it read too")


def _line(kind: str, right: int, asked: int) -> None:
    interval = wilson(right, asked)
    print(f"{kind:8} {right:3} of {asked:3}  {right / asked:6.1%}  [{interval.low:.1%}, {interval.high:.1%}]")


if __name__ == "__main__":
    main()
