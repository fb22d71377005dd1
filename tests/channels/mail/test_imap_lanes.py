"""Mails are handed over side by side; what belongs together is handed over in order."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.mail.imap_lanes import WIDTH, hand_over_in_lanes, ties


@pytest.mark.parametrize(
    ("raw", "names"),
    [
        (b"", set()),
        (b"Subject: a@b\r\n\r\nFrom: c@d", set()),
        (b"To: town@town.test\r\nFrom: Ann <Ann@Home.test>\r\n\r\n", {b"ann@home.test"}),
        (b"from : ann@home.test\n\nx", {b"ann@home.test"}),
        (b"Message-ID:\r\n <1@home.test>\r\nX: y@z\r\n\r\n", {b"1@home.test"}),
        (b"In-Reply-To: <1@a>\r\nReferences: <2@a>\r\n\t<3@a>\r\n\r\n", {b"1@a", b"2@a", b"3@a"}),
    ],
)
def test_what_ties_a_mail_to_others(raw: bytes, names: set[bytes]) -> None:
    assert ties(raw) == names


def test_a_header_without_end_is_not_read_for_ever() -> None:
    assert ties(b"X: y\r\n" * 20_000 + b"From: ann@home.test\r\n\r\n") == frozenset()


def mail(*names: str) -> bytes:
    said = " ".join(f"<{name}@home.test>" for name in names)
    return f"References: {said}\r\n\r\n".encode()


async def handed_over(mails: Sequence[bytes], delays: Sequence[int]) -> list[str]:
    """Hand them over to somebody who takes so many turns of the loop for each; tell how it went."""
    story: list[str] = []

    async def take(uid: int, _: bytes) -> None:
        story.append(f"+{uid}")
        for _turn in range(delays[uid]):
            await asyncio.sleep(0)
        story.append(f"-{uid}")

    await hand_over_in_lanes(iter(list(enumerate(mails))), take, lambda: False)
    return story


async def test_strangers_do_not_wait_for_each_other() -> None:
    assert await handed_over([mail("a"), mail("b")], [9, 1]) == ["+0", "+1", "-1", "-0"]


async def test_what_belongs_together_does_not_overtake() -> None:
    story = await handed_over([mail("a"), mail("a", "b"), mail("c"), mail("b")], [9, 3, 1, 1])
    assert [step for step in story if step[1:] != "2"] == ["+0", "-0", "+1", "-1", "+3", "-3"]
    assert story.index("-2") < story.index("-0")


async def test_after_a_failure_one_goes_alone() -> None:
    under_way, most, wary = 0, 0, True

    async def take(uid: int, _: bytes) -> None:
        nonlocal under_way, most, wary
        under_way += 1
        most = max(most, under_way)
        await asyncio.sleep(0)
        under_way -= 1
        assert uid > 3 or most == 1
        wary = uid < 3

    mails = [(number, mail(str(number))) for number in range(50)]
    await hand_over_in_lanes(iter(mails), take, lambda: wary)
    assert most == WIDTH


names = st.lists(st.sampled_from("abcdef"), max_size=2, unique=True)


@given(st.lists(st.tuples(names, st.integers(0, 12)), max_size=40))
def test_each_is_handed_over_once_few_at_a_time_and_in_order(
    written: list[tuple[list[str], int]],
) -> None:
    mails = [mail(*names) for names, _ in written]
    story = asyncio.run(handed_over(mails, [delay for _, delay in written]))
    assert sorted(story) == sorted(f"{sign}{n}" for sign in "+-" for n in range(len(mails)))
    under_way = 0
    for step in story:
        under_way += 1 if step[0] == "+" else -1
        assert under_way <= WIDTH
    for later, (names, _) in enumerate(written):
        for earlier, (others, _) in enumerate(written[:later]):
            if set(names) & set(others):
                assert story.index(f"-{earlier}") < story.index(f"+{later}")
