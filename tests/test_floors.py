"""A dataset is judged by its floors once it is large enough for chance to play no part."""

from __future__ import annotations

from diaforge_core.generator.diversity import Diversity
from diaforge_core.generator.floors import FEWEST, Floor, floors
from diaforge_core.generator.skeletons import Commonest, PhraseDiversity


def judged(dialogues: int, *, openings: int, phrase: float, mattr: float = 0.65) -> dict[str, Floor]:
    spread = Diversity(dialogues, 0.1, mattr, 0.2, openings, phrase, ())
    common = Commonest("what do you want to do with it", phrase)
    phrases = PhraseDiversity(dialogues, openings, common, common, common, common)
    return {floor.name: floor for floor in floors(spread, phrases)}


def test_a_varied_dataset_holds_every_floor():
    assert all(floor.holds for floor in judged(5_000, openings=1_600, phrase=0.004).values())


def test_each_number_breaks_its_own_floor():
    few = judged(5_000, openings=900, phrase=0.004)
    assert [name for name, floor in few.items() if not floor.holds] == ["distinct openings"]
    same = judged(5_000, openings=1_600, phrase=0.03)
    assert [name for name, floor in same.items() if not floor.holds] == [
        "commonest opening",
        "commonest phrase of users",
        "commonest phrase of replies",
        "commonest phrase of thoughts",
    ]
    assert same["commonest phrase of users"].example.startswith("what do you")
    dull = judged(5_000, openings=1_600, phrase=0.004, mattr=0.4)
    assert [name for name, floor in dull.items() if not floor.holds] == ["distinct words in a hundred"]


def test_a_handful_of_dialogues_is_not_judged():
    assert all(floor.holds and not floor.judged for floor in judged(FEWEST - 1, openings=1, phrase=1.0).values())


def test_five_dialogues_may_share_a_phrase_in_a_small_dataset():
    assert judged(120, openings=100, phrase=5 / 120)["commonest phrase of replies"].holds
    assert not judged(120, openings=100, phrase=6 / 120)["commonest phrase of replies"].holds
