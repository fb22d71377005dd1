"""Words of each kind go after the time the policy gives them, never while an item needs them."""

from __future__ import annotations

from msgspec.structs import replace
from structlog.testing import capture_logs

from router.core import commands as c
from router.core.model import DAY, AgentId, ItemId
from router.history import retention, tables
from router.history.retention import WordRetention
from router.ports import Words

from .written_past import PAT, SAM, Past, contact, said


def duty(past: Past, **kept: int) -> WordRetention:
    rules = past.desk.policy.retention
    policy = replace(past.desk.policy, retention=replace(rules, words=kept))
    return WordRetention(past.database, past.clock, lambda: policy)


async def close_one(past: Past) -> str:
    """Two mails come, one is handled; return which."""
    await past.mail("A")
    await past.mail("B", PAT)
    past.desk.sign_in("amina")
    item = past.desk.answer("amina")
    past.desk.reply(item, "amina", then="close", code="answered")
    await past.feed(said("w-r1", "it is repaired"))
    return str(item)


async def test_words_of_ended_items_are_emptied_after_their_time(past: Past) -> None:
    done = await close_one(past)
    other = "B" if done == "A" else "A"
    keep = duty(past, said=30 * DAY, contact=60 * DAY)
    await past.clock.advance_to(past.clock.now() + 30 * DAY)
    await keep()
    assert await past.body(f"w-{done}") is not None
    await past.clock.advance_to(past.clock.now() + 1)
    with capture_logs() as logs:
        await keep()
        await keep()
    assert await past.body(f"w-{done}") is None
    assert await past.body("w-r1") is None
    assert await past.body(f"w-{other}") is not None  # somebody still works on it
    assert await past.body(f"c-{done}") is not None
    assert [(log["event"], log["kind"], log["count"]) for log in logs] == [
        ("history_words_expired", "said", 2)
    ]
    used = {row["ref"] for row in await past.rows(tables.blob_uses)}
    assert used == {f"w-{other}"}
    [row] = [r for r in await past.rows(tables.messages) if r["ref"] == f"w-{done}"]
    assert (row["body"], row["redacted_at"]) == (b"", past.clock.now())


async def test_a_contact_stays_while_one_of_its_items_is_open(past: Past) -> None:
    desk = past.desk
    for name in ("A", "B"):
        desk.mail(name, "k", contact_ref="c-sam", words_ref=f"w-{name}")
    desk.sign_in("amina")
    first = desk.answer("amina")
    desk.reply(first, "amina", then="close", code="answered")
    await past.feed(contact("c-sam", email=SAM))
    keep = duty(past, contact=DAY)
    await past.clock.advance_to(past.clock.now() + 2 * DAY)
    await keep()
    assert await past.body("c-sam") is not None
    second = desk.state.agents[AgentId("amina")].holdings[0].item
    if desk.state.agents[AgentId("amina")].offer is not None:
        desk.answer("amina")
    desk.do(c.CloseItem(item_id=ItemId(second), agent_id=AgentId("amina"), code="answered"))
    await past.feed()
    await keep()
    assert await past.body("c-sam") is None


async def test_kinds_that_the_policy_does_not_name_stay_for_ever(past: Past) -> None:
    done = await close_one(past)
    await past.clock.advance_to(past.clock.now() + 5_000 * DAY)
    await duty(past, form=DAY)()
    assert await past.body(f"w-{done}") is not None


async def test_emptied_words_do_not_come_back_from_the_spool(past: Past) -> None:
    done = await close_one(past)
    await past.clock.advance_to(past.clock.now() + 2 * DAY)
    await duty(past, said=DAY)()
    again = said(f"w-{done}", "a hole", original="0" * 64)
    await past.feed(again, Words("stray", "said", b"not JSON"))
    assert await past.body(f"w-{done}") is None
    assert "0" * 64 not in {row["blob"] for row in await past.rows(tables.blob_uses)}


async def test_more_than_are_looked_for_at_once_are_emptied_all(past: Past, monkeypatch) -> None:  # type: ignore[no-untyped-def]
    monkeypatch.setattr(retention, "_REFS_AT_ONCE", 1)
    done = await close_one(past)
    await past.clock.advance_to(past.clock.now() + 2 * DAY)
    await duty(past, said=DAY)()
    assert await past.body(f"w-{done}") is None
    assert await past.body("w-r1") is None
