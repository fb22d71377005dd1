"""Mail and forms in reports and the open log: every day as it was counted, for good."""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest

from router.core import commands as c
from router.core import commands_text as t
from router.core import events as e
from router.core.formulas import OF_TEXTS, figure
from router.core.model import (
    DAY,
    ENDED,
    HOUR,
    MINUTE,
    AgentId,
    Channel,
    ItemId,
    ItemState,
    QueueId,
)
from router.core.records import Item
from router.errors import CommandRefused
from router.runtime.report_choices import ALL, OWN, By
from router.runtime.service_report import report
from scripts.recompute_service_level import OF_TEXTS as RECOMPUTED
from tests.core.text_hands import held
from tests.core.text_town import TextDesk, writing_town
from tests.runtime.test_service_report import exported, journal_of, recomputed, reported

MONDAY = date(2026, 11, 23)
AMINA = AgentId("amina")


class Letters:
    """Mail and forms at random over days, and one agent who does all that can be done to them."""

    def __init__(self, seed: int) -> None:
        self.chance = random.Random(seed)
        self.desk = TextDesk(writing_town())
        self.desk.sign_in("amina")
        self._turn = 0
        self._doings: list[Callable[[], None]] = [
            *[self._mail] * 3,
            self._form,
            *[self._take] * 4,
            *[self._reply] * 2,
            self._close,
            self._pass_on,
            self._away,
            self._merge,
            self._part,
            *[self._wait] * 5,
        ]

    def go_on(self, doings: int) -> None:
        for _ in range(doings):
            self._turn += 1
            try:
                self.chance.choice(self._doings)()
            except CommandRefused:
                continue

    def _one(self, *states: ItemState) -> Item | None:
        rows = [x for x in self.desk.state.items.values() if x.state in states]
        return self.chance.choice(rows) if rows else None

    def _mail(self) -> None:
        self.desk.mail(f"m{self._turn}", sender=f"s{self._turn % 7}")

    def _form(self) -> None:
        self.desk.form(f"f{self._turn}")

    def _take(self) -> None:
        item = self._one(ItemState.QUEUED, ItemState.OFFERED, ItemState.DEFERRED)
        if item is not None:
            self.desk.do(t.TakeItem(item_id=item.id, agent_id=AMINA))

    def _in_hand(self) -> Item | None:
        return self._one(ItemState.HANDLING)

    def _reply(self) -> None:
        item = self._in_hand()
        if item is not None:
            self.desk.reply(item.id, "amina", key=f"r{self._turn}")

    def _close(self) -> None:
        item = self._in_hand()
        if item is not None:
            self.desk.do(c.CloseItem(item_id=item.id, agent_id=AMINA, code="answered"))

    def _pass_on(self) -> None:
        item = self._in_hand()
        if item is not None:
            to = QueueId(self.chance.choice(["general", "roads"]))
            self.desk.do(c.TransferItem(item_id=item.id, agent_id=AMINA, to_queue=to))

    def _away(self) -> None:
        item = self._in_hand()
        if item is None:
            return
        if self.chance.random() < 0.5:
            self.desk.do(t.WaitForResident(item_id=item.id, agent_id=AMINA))
        else:
            until = self.desk.now + self.chance.choice([HOUR, 2 * DAY])
            self.desk.do(t.SnoozeItem(item_id=item.id, agent_id=AMINA, until=until))

    def _merge(self) -> None:
        open_ = [x for x in self.desk.state.items.values() if x.state not in ENDED]
        if len(open_) > 1:
            item, into = self.chance.sample(open_, 2)
            self.desk.do(t.MergeItems(item_id=item.id, into=into.id, by=AMINA))

    def _part(self) -> None:
        merged = [x for x in self.desk.state.items.values() if x.text and x.text.merged_into]
        if merged:
            self.desk.do(t.UnmergeItem(item_id=self.chance.choice(merged).id, by=AMINA))

    def _wait(self) -> None:
        self.desk.wait(self.chance.choice([MINUTE, 20 * MINUTE, 3 * HOUR, 9 * HOUR]))
        row = self.desk.state.agents[AMINA]
        if row.lease_until is None:
            self.desk.sign_in("amina")


def days_of(desk: TextDesk) -> list[date]:
    last = max(x.day for x in desk.story if isinstance(x, e.ServiceLevelCounted))
    return [MONDAY + timedelta(n) for n in range((date.fromisoformat(last) - MONDAY).days + 1)]


@pytest.mark.parametrize("seed", range(4))
async def test_the_core_the_report_and_a_script_that_knows_neither_agree(
    seed: int, tmp_path: Path
) -> None:
    letters = Letters(seed)
    letters.go_on(400)
    desk, path = letters.desk, tmp_path / "entries.csv"
    await exported(desk, path)
    again = recomputed(path)
    found = 0
    for day in days_of(desk):
        ours = {
            **await reported(desk, day, By.QUEUE),
            **await reported(desk, day, By.INTERVAL),
        }
        assert {key: again[key] for key in ours} == ours
        found += len(ours)
    assert found > 100
    today = days_of(desk)[-1]
    assert all(key[0] <= str(today) for key, counts in again.items() if counts != (0, 0))
    counts: dict[str, int] = {}
    for row in desk.state.tallies.values():
        assert row.day == today.isoformat()
        if (row.queue, row.channel) == ("general", Channel.MAIL):
            for result, count in row.counts:
                counts[result] = counts.get(result, 0) + count
    for name, formula in OF_TEXTS.items():
        key = (today.isoformat(), "general", "mail", "", name)
        assert again.get(key, (0, 0)) == tuple(figure(formula, counts))


async def test_a_day_that_is_over_stays_as_it_was_whatever_is_answered_later() -> None:
    letters = Letters(9)
    letters.go_on(150)
    desk = letters.desk
    begin = desk.now
    desk.wait(DAY - begin % DAY)
    before = {day: await reported(desk, day, By.INTERVAL) for day in days_of(desk)}
    assert sum(map(len, before.values())) > 20
    letters.go_on(300)
    assert {day: await reported(desk, day, By.INTERVAL) for day in before} == before


async def test_rows_name_the_promise_the_day_of_receiving_and_what_became_of_them() -> None:
    desk = TextDesk(writing_town())
    desk.mail("m1")
    at = desk.item("m1").due_at
    assert at is not None
    desk.wait(at - desk.now)
    done = await report(journal_of(desk), date(2026, 11, 25), By.INTERVAL, OWN, desk.now)
    (line,) = done.lines
    assert (line.interval, line.channel) == ("2026-11-23 10:00-0500", "mail")
    assert (line.formula, line.met, line.looked_at) == ("first-response/1", 0, 1)
    assert (line.first_response, line.answer_within_s) == ("2 business days", None)
    assert (line.overdue, line.offered) == (1, 1)
    assert (await report(journal_of(desk), MONDAY, By.INTERVAL, ALL, desk.now)).lines == ()
    held(desk, "m1")
    desk.do(c.CloseItem(item_id=ItemId("m1"), agent_id=AMINA, code="answered"))
    (line,) = (await report(journal_of(desk), None, By.QUEUE, OWN, desk.now)).lines
    assert (line.closed, line.offered) == (1, 1)
    within = await report(journal_of(desk), None, By.QUEUE, OWN, desk.now, 60)
    assert within.lines == ()  # business time is no number of seconds


def test_the_script_knows_the_same_formulas() -> None:
    assert list(RECOMPUTED) == list(OF_TEXTS)
