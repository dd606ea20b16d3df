"""What a recipe chooses about scenarios restricts what is drawn, and what there is not is one clear message."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from diaforge_core.catalog.embedding import embed
from diaforge_core.conversation.choices import Choices
from diaforge_core.conversation.personas import Askers, departments, personas, slipping, styles
from diaforge_core.conversation.scenarios import draw_scenarios
from diaforge_core.errors import CatalogError, DataError
from diaforge_core.generator.recipe import Recipe
from diaforge_core.records.scenario import Scenario, Tier
from tests.factories import wide_catalog

WIDE = wide_catalog()


def drawn(count: int = 40, **fields: object) -> list[Scenario]:
    recipe = Recipe.model_validate({"catalog": "wide", **fields})
    return list(draw_scenarios(WIDE, count, 3, Choices.of(recipe.model_dump(mode="json"))))


def test_only_the_chosen_dials_are_drawn_as_often_as_chosen():
    made = drawn(60, dials=("terse", "digresses"), dial_share=0.5)
    assert {scenario.dial for scenario in made} == {None, "terse", "digresses"}
    assert sum(scenario.dial is not None for scenario in made) == pytest.approx(30, abs=1)


def test_a_share_of_none_or_all_is_kept_to_the_scenario():
    assert not any(scenario.dial for scenario in drawn(dial_share=0.0))
    assert all(scenario.dial for scenario in drawn(dial_share=1.0))
    assert all(scenario.solvable for scenario in drawn(no_tool_share=0.0))
    assert not any(scenario.solvable for scenario in drawn(no_tool_share=1.0))


def test_only_the_chosen_styles_and_departments_ask():
    made = drawn(styles=("formal", "chatty"), departments=("Executive Office", "Finance"))
    assert {scenario.persona.style for scenario in made} == {"formal", "chatty"}
    assert {scenario.persona.department for scenario in made} == {"Executive Office", "Finance"}


def test_only_the_chosen_tiers_and_goals_are_drawn():
    made = drawn(12, mix={"medium": 1.0}, goal_tools=("CreateLead", "ListOrders"))
    assert {scenario.tier for scenario in made} == {"medium"}
    assert {scenario.goal_tool for scenario in made} == {"CreateLead", "ListOrders"}


@pytest.mark.parametrize("mix", [{}, {"baseline": 0.0}, {"hard": -1.0, "baseline": 2.0}, {"hard": float("nan")}])
def test_a_mix_that_gives_no_tier_a_share_is_told_as_such(mix: dict[Tier, float]):
    with pytest.raises(DataError, match="gives no tier a share"):
        Choices(mix=mix)


def test_everything_unknown_is_named_at_once_with_what_is_known():
    with pytest.raises(DataError) as found:
        Choices(styles=["poetic", "plain"], departments=["Sails"], dials=["sings"], mix={"brutal": 1.0})  # pyright: ignore[reportArgumentType]
    message = str(found.value)
    for part in ("'poetic'", "'Sails'", "'sings'", "'brutal'", "hurried", "Finance", "answers_other_first", "expert"):
        assert part in message
    assert "'plain'" not in message


def test_a_recipe_that_names_what_there_is_not_is_refused_when_it_is_used():
    with pytest.raises(DataError, match="'Sails' is not known; known are: Sales"):
        _ = Recipe(catalog="wide", departments=("Sails",)).choices
    with pytest.raises(CatalogError, match="Lower the floor"):
        _ = Recipe(catalog="wide", near_floor=0.9, near_ceiling=0.1).choices


def test_a_recipe_written_before_a_choice_was_there_has_its_default():
    assert Choices.of({"count": 3, "mix": {"hard": 1.0}}) == Choices(mix={"hard": 1.0})


@given(st.floats(0.05, 0.95), st.sets(st.sampled_from(styles()), min_size=1))
def test_slips_of_the_keyboard_differ_by_style_round_the_chosen_share(share: float, chosen: set[str]):
    shares = [person.typos for person in Choices(styles=sorted(chosen), typos=share).people]
    assert sum(shares) / len(shares) == pytest.approx(share, abs=0.02)


def test_nobody_slips_at_a_share_of_none_and_everybody_at_one():
    assert {person.typos for person in slipping(personas(), 0.0)} == {0.0}
    assert {person.typos for person in slipping(personas(), 1.0)} == {1.0}


def test_there_are_hundreds_of_personas_and_every_part_meets_every_other():
    people = personas()
    assert len({person.model_dump_json() for person in people}) == len(people) >= 200
    assert {person.style for person in people} == {"plain", "terse", "chatty", "formal", "hurried"}
    assert {(person.department, person.style) for person in people} == {(d, s) for d in departments() for s in styles()}
    assert len({(person.department, person.seniority) for person in people}) >= 4 * len(departments())


def test_a_role_stands_in_its_one_department_and_at_the_ranks_that_fit_it():
    of_role: dict[str, set[str]] = {}
    for person in personas():
        of_role.setdefault(person.role, set()).add(person.department)
    assert all(len(known) == 1 for known in of_role.values())
    ranks = {person.seniority for person in personas() if person.role == "regional sales manager"}
    assert ranks == {"experienced", "senior"}


def test_a_request_comes_from_somebody_whose_work_it_is():
    askers = Askers(personas())
    (told,) = embed(["CloseBooks: close the ledger of a period in Finance"])
    drawn = {askers.draw(told, random.Random(number)).role for number in range(60)}
    assert "general ledger accountant" in drawn
    assert not drawn & {"recruiter", "learning and development partner"}
    assert 6 <= len(drawn) <= 16


def test_names_are_spread_over_roles_and_styles():
    by_name: dict[str, set[str]] = {}
    for person in personas():
        by_name.setdefault(person.name, set()).add(person.role)
    assert len(by_name) == 60
    assert min(map(len, by_name.values())) >= 10
