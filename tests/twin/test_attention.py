"""One agent has one attention: what is in hand shares it, the telephone first."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.core.model import MINUTE, SECOND, ItemId, Tempo
from router.twin.attention import Hands

CALL, CHAT, MAIL, OTHER = ItemId("call"), ItemId("chat"), ItemId("mail"), ItemId("other")


def test_a_mail_rests_during_a_call_and_takes_so_much_longer() -> None:
    hands = Hands()
    hands.take(MAIL, Tempo.SLOW_TEXT, 1.0, 6 * MINUTE, 0)
    hands.take(CALL, Tempo.LIVE, 1.0, 4 * MINUTE, MINUTE)
    assert hands.next_end() == (5 * MINUTE, CALL)
    hands.put_down(CALL, 5 * MINUTE)
    assert hands.next_end() == (10 * MINUTE, MAIL)


def test_two_mails_share_and_two_chats_of_half_an_attention_do_not_slow_each_other() -> None:
    mails, chats = Hands(), Hands()
    for item in (MAIL, OTHER):
        mails.take(item, Tempo.SLOW_TEXT, 1.0, 6 * MINUTE, 0)
        chats.take(item, Tempo.FAST_TEXT, 0.5, 6 * MINUTE, 0)
    assert mails.next_end() == (12 * MINUTE, MAIL)
    assert chats.next_end() == (6 * MINUTE, MAIL)
    chats.take(CHAT, Tempo.FAST_TEXT, 0.5, 6 * MINUTE, 0)
    assert chats.speeds()[CHAT] == pytest.approx(2 / 3)


things = st.lists(
    st.tuples(
        st.sampled_from(list(Tempo)),
        st.sampled_from([0.25, 0.5, 1.0]),
        st.integers(1, 600),
        st.integers(0, 900),
    ),
    min_size=1,
    max_size=8,
)


@given(things)
def test_no_work_is_lost_or_made_and_nobody_has_more_than_one_attention(
    given_things: list[tuple[Tempo, float, int, int]],
) -> None:
    hands, now = Hands(), 0
    waiting = sorted(given_things, key=lambda each: each[3])
    number = 0
    while waiting or hands.held:
        end = hands.next_end()
        if waiting and (end is None or waiting[0][3] * SECOND <= end[0]):
            tempo, share, work_s, at_s = waiting.pop(0)
            now = at_s * SECOND
            hands.take(ItemId(str(number)), tempo, share, work_s * SECOND, now)
            number += 1
        else:
            assert end is not None
            now = end[0]
            hands.put_down(end[1], now)
        speeds = hands.speeds()
        assert sum(speeds[item] * held.share for item, held in hands.held.items()) <= 1 + 1e-9
        assert not hands.held or max(speeds.values()) > 0
    done = sum(share * work_s for _, share, work_s, _ in given_things)
    assert hands.busy / SECOND == pytest.approx(done, abs=1e-6)
    assert hands.busy <= now
