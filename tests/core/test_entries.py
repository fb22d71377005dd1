"""Entries as the journal tells them."""

from __future__ import annotations

from router.core import commands as c
from router.core import commands_text as t
from router.core.entries import WAITING, Entries, Entry, counts_of, judged
from router.core.model import SECOND, AgentId, Channel, ItemId
from tests.core.entry_traffic import Traffic, busy_town
from tests.core.text_town import TextDesk
from tests.core.town import OPEN, Desk


def read(desk: Desk, after: int = 0) -> tuple[list[Entry], list[Entry]]:
    """Return what has ended and what waits still."""
    entries = Entries(texts=True)
    ended = [entry for event in desk.story[after:] for entry in entries.feed(event)]
    return ended, entries.waiting()


def test_an_entry_waits_until_it_has_ended_and_tells_how() -> None:
    desk = Desk(busy_town())
    item = desk.call("a", "1", "2")
    begun = Entry(ItemId("a"), Channel.VOICE, desk.policy.queues["general"].id, OPEN, 30 * SECOND)  # type: ignore[index]
    assert read(desk) == ([], [begun])
    desk.wait(40 * SECOND)
    (late,) = read(desk)[1]
    assert (late.outcome, late.waited, late.results) == (WAITING, 30 * SECOND, ("threshold",))
    desk.do(c.EndCall(item_id=item, call_id="CAa", reason="completed"))
    (ended,), waiting = read(desk)
    assert waiting == []
    assert (ended.outcome, ended.waited) == ("abandoned", 40 * SECOND)
    assert (ended.within, ended.short) == (30 * SECOND, 5 * SECOND)
    assert counts_of([ended]) == {"threshold": 1, "abandoned-late": 1}


def test_what_was_promised_to_it_judges_an_entry_as_it_was_counted() -> None:
    for seed in range(3):
        traffic = Traffic(seed)
        traffic.go_on(500)
        ended, waiting = read(traffic.desk)
        assert len(ended) > 50
        for entry in (*ended, *waiting):
            assert judged(entry, entry.within) == entry
            sooner = judged(entry, 1)
            assert sooner.results[:1] == (("threshold",) if entry.waited else entry.results[:1])


def test_giving_up_at_once_is_giving_up() -> None:
    desk = Desk(busy_town())
    item = desk.call("a", "1", "2")
    desk.do(c.EndCall(item_id=item, call_id="CAa", reason="completed"))
    (ended,) = read(desk)[0]
    assert (ended.outcome, ended.results) == ("abandoned", ("abandoned-short",))


def test_what_began_before_the_reading_is_not_told() -> None:
    desk = Desk(busy_town())
    item = desk.call("a", "1", "2")
    begun = len(desk.story)
    desk.do(c.EndCall(item_id=item, call_id="CAa", reason="completed"))
    assert read(desk, begun) == ([], [])


def test_a_transfer_is_another_entry_of_the_same_item() -> None:
    desk = Desk(busy_town())
    desk.sign_in("amina")
    item = desk.call("a", "1", "2")
    desk.answer("amina")
    desk.do(c.TransferItem(item_id=item, agent_id="amina", to_queue="roads"))  # type: ignore[arg-type]
    ended, waiting = read(desk)
    assert [(x.queue, x.outcome) for x in ended] == [("general", "answered")]
    assert [(x.queue, x.within) for x in waiting] == [("roads", 60 * SECOND)]


def test_who_does_not_ask_for_texts_hears_of_none_and_remembers_none() -> None:
    """Of a busy year hundreds of thousands of mails come that this reader will never count."""
    desk = TextDesk(busy_town())
    desk.call("a", "1", "2")
    for number in range(20):
        desk.mail(f"m{number}", sender=f"s{number}")
    calls, everything = Entries(texts=False), Entries(texts=True)
    for event in desk.story:
        assert list(calls.feed(event)) == list(everything.feed(event)) == []
    assert len(everything.waiting()) == 21
    assert [entry.item for entry in calls.waiting()] == ["a"]
    assert not calls._received  # what nobody measures may not grow with the journal


def test_a_chat_that_becomes_part_of_another_has_left_the_line_as_the_core_counts_it() -> None:
    desk = TextDesk(busy_town())
    desk.sign_in("amina")
    first, second = desk.chat("a", conversation="va"), desk.chat("b", conversation="vb")
    desk.answer("amina")
    desk.do(t.MergeItems(item_id=first, into=second, by=AgentId("amina")))
    (ended,) = read(desk)[0]
    assert (ended.item, ended.outcome, ended.results) == ("a", "other", ("other",))
    (row,) = desk.state.tallies.values()
    assert dict(row.counts) == counts_of([ended])
