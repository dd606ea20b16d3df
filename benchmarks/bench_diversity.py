"""How varied 5,000 dialogues are worded, with values and catalog words left out and with them.

`python -m benchmarks.bench_diversity [demo|twilio|msgraph] [COUNT]` measures one catalog.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence

from benchmarks.corpora import CATALOGS
from benchmarks.timing import report
from diaforge_core.catalog.importing import import_folder, load_catalog
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.generator.skeletons import Commonest, PhraseDiversity, phrase_diversity
from diaforge_core.generator.utcgen import UTCGen
from diaforge_core.records.dialogue import Dialogue
from diaforge_core.records.tool import Catalog

COUNT = 5_000
OPENINGS = 1_500
ONE_OPENING = 0.005
ONE_RUN = 0.02


def main(which: Sequence[str] = ("demo", "twilio"), count: int = COUNT) -> None:
    """Print the figures of each catalog that is here."""
    for name in which:
        if name != "demo" and not (CATALOGS / name).is_dir():
            print(f"The documents of {name} are not here. Nothing was measured.")
            continue
        catalog = load_catalog("enterprise_apis.json") if name == "demo" else import_folder(CATALOGS / name, name)
        print(f"-- {name}: {count} scenarios")
        measure(catalog, count)


def measure(catalog: Catalog, count: int) -> None:
    """Print the figures of accepted dialogues over one catalog."""
    made = [dialogue for _, dialogue in UTCGen(catalog).generate(scenarios=draw_scenarios(catalog, count, seed=1))]
    kept = [dialogue for dialogue in made if dialogue.passed]
    bare = phrase_diversity(kept, catalog)
    report("distinct opening skeletons", bare.openings, "", OPENINGS * count / COUNT, at_most=False)
    report("commonest opening skeleton", bare.opening.share, "of dialogues", ONE_OPENING, at_most=True)
    for side in ("user", "replies", "thoughts"):
        found: Commonest = getattr(bare, side)
        report(f"commonest 8 words, {side}", found.share, "of dialogues", ONE_RUN, at_most=True)
        print(f"    {found.words}")
    _print_raw(phrase_diversity(kept))
    _print_turns(kept)


def _print_raw(raw: PhraseDiversity) -> None:
    shares = (f"{side} {getattr(raw, side).share:.2%}" for side in ("opening", "user", "replies", "thoughts"))
    print(f"raw: {raw.openings} openings; commonest: {', '.join(shares)}")


def _print_turns(dialogues: Sequence[Dialogue]) -> None:
    """The mean assistant turns, in all and by tier."""
    turns, sizes = Counter[str](), Counter[str]()
    for dialogue in dialogues:
        for key in ("all", dialogue.scenario.tier):
            turns[key] += dialogue.assistant_turns
            sizes[key] += 1
    print("assistant turns:", ", ".join(f"{key} {turns[key] / sizes[key]:.2f}" for key in sizes))


if __name__ == "__main__":
    main(sys.argv[1:2] or ("demo", "twilio"), int(sys.argv[2]) if len(sys.argv) > 2 else COUNT)
