"""Names: readable aloud, never guessed, repeatable only with a seed."""

from __future__ import annotations

import random

import pytest

from router.ports import Ids
from router.runtime.ids import ALPHABET, RandomIds, SeededIds


@pytest.fixture(params=["random", "seeded"])
def ids(request: pytest.FixtureRequest) -> Ids:
    return RandomIds() if request.param == "random" else SeededIds(7)


def test_the_alphabet_survives_a_telephone() -> None:
    assert len(set(ALPHABET)) == 32
    assert not set("ILOU") & set(ALPHABET)


def test_item_ids_are_ten_characters_of_the_alphabet(ids: Ids) -> None:
    many = [ids.item_id() for _ in range(2000)]
    assert {len(each) for each in many} == {10}
    assert set("".join(many)) == set(ALPHABET)
    assert len(set(many)) == len(many)


def test_every_place_of_an_item_id_is_random(ids: Ids) -> None:
    many = [ids.item_id() for _ in range(2000)]
    assert all(len({each[place] for each in many}) == 32 for place in range(10))


def test_unique_names_carry_their_prefix_and_a_hundred_bits(ids: Ids) -> None:
    many = [ids.unique("offer-") for _ in range(2000)]
    assert all(each.startswith("offer-") for each in many)
    assert {len(each) for each in many} == {len(many[0])}
    assert all(len({each[place] for each in many}) == 32 for place in range(-20, 0))
    assert len(set(many)) == len(many)


def test_names_of_a_daemon_stand_in_the_order_in_which_they_were_made() -> None:
    ids = RandomIds()
    many = [ids.unique("w_") for _ in range(2000)]
    assert many == sorted(many)


def test_a_name_holds_every_drawn_bit_the_highest_first() -> None:
    number = 0
    for letter in SeededIds(7).item_id():
        number = number * 32 + ALPHABET.index(letter)
    assert number == random.Random(7).getrandbits(50)


def test_the_same_seed_gives_the_same_names() -> None:
    one, two, other = SeededIds(1), SeededIds(1), SeededIds(2)
    assert [one.item_id(), one.unique("x")] == [two.item_id(), two.unique("x")]
    assert one.item_id() != other.item_id()
