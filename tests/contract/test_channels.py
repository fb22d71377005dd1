"""What every channel promises (`channels.contract`), held by one suite for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, TypeVar

import httpx
import pytest
import structlog
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute

from channels.contract import ChannelAdapter
from router.core.commands import Command
from router.core.effects import DialAgent, Effect, EndLeg
from router.core.model import SECOND, AgentId, EffectKey, ItemId
from router.core.state import State
from router.errors import ChannelError, Overloaded, StorageUnavailable
from router.ports import Words
from router.runtime.shunting import ShuntedCommand
from tests.contract.channel_cases import CASES, Case, Sent, form_town
from tests.contract.mail_case import MAIL
from tests.core.town import Desk
from tests.fakes.inbox import FakeInbox

T = TypeVar("T")
TROUBLES = [StorageUnavailable("disk full"), Overloaded()]


class SlowInbox(FakeInbox):
    """Stores when told to."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk)
        self.may_store = asyncio.Event()

    async def submit(
        self, command: Command, reply: Callable[[State], T], *, words: tuple[Words, ...] = ()
    ) -> T:
        await self.may_store.wait()
        return await super().submit(command, reply, words=words)


@dataclass
class Outside:
    """The people and machines at the other end of a channel."""

    case: Case
    inbox: FakeInbox
    channel: ChannelAdapter
    http: httpx.AsyncClient

    async def send(self, sent: Sent) -> httpx.Response:
        return await self.http.request(
            sent.method, sent.path, content=sent.content, headers=sent.headers
        )


def outside_of(case: Case, inbox: FakeInbox, seed: int = 1) -> Outside:
    channel = case.make(inbox, seed)
    app = Starlette(routes=channel.routes())
    http = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://inside.test")
    return Outside(case, inbox, channel, http)


@pytest.fixture(params=(*CASES, MAIL), ids=lambda case: case.id)
def case(request: pytest.FixtureRequest) -> Case:
    found: Case = request.param
    return found


@pytest.fixture
async def outside(case: Case) -> AsyncIterator[Outside]:
    made = outside_of(case, FakeInbox(Desk(form_town())))
    async with made.http:
        yield made


@pytest.fixture(autouse=True)
def logs() -> Any:
    with structlog.testing.capture_logs() as entries:
        yield entries


# --- what it offers ------------------------------------------------------------------------------


def test_it_says_what_it_is(outside: Outside) -> None:
    channel = outside.channel
    assert channel.tempos
    assert channel.limits.body_max > 0
    assert channel.limits.answer_s > 0
    assert (channel.outlet is None) == (not channel.capabilities.effects)
    assert (channel.limits.effect_s > 0) == bool(channel.capabilities.effects)


async def test_other_methods_are_refused(outside: Outside) -> None:
    for route in outside.channel.routes():
        if not isinstance(route, WebSocketRoute):
            assert isinstance(route, Route)
            assert "PATCH" not in (route.methods or ())
    arrival = outside.case.arrival(1)
    assert (await outside.http.patch(arrival.path)).status_code == 405


async def test_it_starts_and_stops(outside: Outside) -> None:
    await outside.channel.start()
    assert outside.case.is_acknowledged(await outside.send(outside.case.arrival(1)))
    await outside.channel.stop()


# --- 1: nothing is acknowledged before it is stored ----------------------------------------------


async def test_an_acknowledgement_waits_for_the_storage(case: Case) -> None:
    inbox = SlowInbox(Desk(form_town()))
    outside = outside_of(case, inbox)
    async with outside.http, asyncio.TaskGroup() as tasks:
        sending = tasks.create_task(outside.send(case.arrival(1)))
        for _ in range(50):
            await asyncio.sleep(0)
        assert not sending.done()
        assert inbox.stored == []
        inbox.may_store.set()
        assert case.is_acknowledged(await sending)
    assert inbox.stored


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda t: type(t).__name__)
async def test_what_could_not_be_stored_is_not_acknowledged_and_can_come_again(
    outside: Outside, trouble: Exception
) -> None:
    outside.inbox.trouble = trouble
    answer = await outside.send(outside.case.arrival(1))
    assert not outside.case.is_acknowledged(answer)
    assert answer.status_code != 500
    assert outside.inbox.stored == []
    outside.inbox.trouble = None
    assert outside.case.is_acknowledged(await outside.send(outside.case.arrival(1)))
    assert len(outside.inbox.state.items) == 1


async def test_a_mistake_of_ours_is_no_acknowledgement_and_can_come_again(outside: Outside) -> None:
    outside.inbox.mistake = ShuntedCommand("SubmitForm")
    answer = await outside.send(outside.case.arrival(1))
    assert not outside.case.is_acknowledged(answer)
    assert answer.status_code != 500
    outside.inbox.mistake = None
    assert outside.case.is_acknowledged(await outside.send(outside.case.arrival(1)))
    assert len(outside.inbox.state.items) == 1


# --- 2: repeats are harmless ---------------------------------------------------------------------


async def test_a_repeat_is_one_contact_and_is_told_the_same(outside: Outside) -> None:
    first = await outside.send(outside.case.arrival(1))
    again = await outside.send(outside.case.arrival(1))
    assert outside.case.is_acknowledged(again)
    assert outside.case.answer(again) == outside.case.answer(first)
    assert len(outside.inbox.state.items) == 1


async def test_repeats_at_the_same_time_are_one_contact(outside: Outside) -> None:
    answers = await asyncio.gather(*(outside.send(outside.case.arrival(1)) for _ in range(5)))
    assert len({outside.case.answer(each) for each in answers}) == 1
    assert len(outside.inbox.state.items) == 1


async def test_two_contacts_are_two(outside: Outside) -> None:
    await outside.send(outside.case.arrival(1))
    await outside.send(outside.case.arrival(2))
    assert len(outside.inbox.state.items) == 2


async def test_a_repeat_after_a_restart_is_one_contact(outside: Outside) -> None:
    """Nothing that matters is kept in the channel itself."""
    first = await outside.send(outside.case.arrival(1))
    restarted = outside_of(outside.case, outside.inbox, seed=2)
    async with restarted.http:
        again = await restarted.send(outside.case.arrival(1))
    assert outside.case.answer(again) == outside.case.answer(first)
    assert len(outside.inbox.state.items) == 1


# --- 3, 4, 6: bad, forged and oversized input ----------------------------------------------------


async def test_bad_input_is_the_senders_error(outside: Outside) -> None:
    for sent in outside.case.bad:
        answer = await outside.send(sent)
        assert 400 <= answer.status_code < 500, (sent, answer.text)
    assert outside.inbox.stored == []


async def test_forged_input_changes_nothing(outside: Outside) -> None:
    for sent in outside.case.forged:
        assert (await outside.send(sent)).status_code in (401, 403)
    assert outside.inbox.submitted == []


async def test_too_much_is_refused(outside: Outside) -> None:
    assert (await outside.send(outside.case.oversized)).status_code == 413
    assert outside.inbox.submitted == []


# --- 5: residents' words -------------------------------------------------------------------------


async def test_residents_stand_in_words_and_nowhere_else(outside: Outside, logs: Any) -> None:
    await outside.send(outside.case.arrival(1))
    outside.inbox.mistake = ShuntedCommand("SubmitForm")
    await outside.send(outside.case.arrival(2))
    outside.inbox.trouble = Overloaded()
    await outside.send(outside.case.arrival(2))
    outside.inbox.trouble = outside.inbox.mistake = None
    for sent in outside.case.bad:
        await outside.send(sent)
    told = repr(outside.inbox.submitted) + repr(outside.inbox.stored)
    told += repr([entry for entry in logs if entry["log_level"] != "debug"])
    kept = b" ".join(words.body for words in outside.inbox.words.values()).decode()
    for word in outside.case.words:
        assert word not in told
        assert word in kept


# --- 7: effects ----------------------------------------------------------------------------------

KEY, ITEM = EffectKey("ITEM1-1"), ItemId("ITEM1")


async def test_an_effect_that_is_not_its_own_is_refused_for_good(outside: Outside) -> None:
    if outside.channel.outlet is None:
        return
    await outside.channel.start()
    with pytest.raises(ChannelError) as refused:
        await outside.channel.outlet.perform(Effect(KEY, ITEM))
    assert not refused.value.retryable
    await outside.channel.stop()


async def test_an_effect_before_the_start_may_be_tried_again(outside: Outside) -> None:
    if outside.channel.outlet is None:
        return
    effects: list[Effect] = [
        EndLeg(KEY, ITEM, "CA1"),
        DialAgent(KEY, ITEM, AgentId("amina"), "client:amina", SECOND),
    ]
    for effect in effects:
        if type(effect) in outside.channel.capabilities.effects:
            with pytest.raises(ChannelError) as early:
                await outside.channel.outlet.perform(effect)
            assert early.value.retryable
