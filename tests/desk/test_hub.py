"""The hub, leases and desks one by one: races, outages, overflow, changed rules."""

from __future__ import annotations

import asyncio

import pytest

from router.core import commands as c
from router.core.model import SECOND, AgentId, AgentStatus, ItemId
from router.core.policy import encode, policy_hash
from router.desk.access import TRACKED_MAX, SignInBrake
from router.desk.actions import policy_texts
from router.desk.desk import QUEUE_MAX, TOO_SLOW, Desk, Goodbye
from router.desk.hub import Hub
from router.desk.leases import Leases
from router.desk.lookup import WordLookup
from router.desk.messages import (
    AgentMessage,
    ItemMessage,
    Notice,
    OfferMessage,
    Ping,
    ServerMessage,
    Welcome,
)
from router.desk.pictures import picture_of
from router.errors import StorageFailed, StorageUnavailable
from router.ports import Words
from tests.core.town import town
from tests.desk.instant_inbox import InstantInbox

CHLOE = AgentId("chloe")


class Office:
    """One desk on a bare engine."""

    def __init__(self) -> None:
        self.inbox = InstantInbox()
        self.hub = Hub(self.inbox.publisher)
        self.leases = Leases(self.inbox, self.hub, self.inbox.clock)
        self.desk = Desk("desk-1", CHLOE, "token")

    async def join(self, desk: Desk | None = None) -> None:
        desk = desk or self.desk
        self.hub.join(desk)
        picture, texts = await self.inbox.submit(
            c.SignIn(desk.agent, desk.id), lambda s: (picture_of(s, CHLOE), policy_texts(s))
        )
        self.hub.welcome(desk, "1", picture, texts)

    async def available(self) -> None:
        await self.do(c.SetStatus(CHLOE, AgentStatus.AVAILABLE))

    async def do(self, command: c.Command) -> None:
        await self.inbox.submit(command, lambda _: None)

    async def form(self, name: str) -> None:
        await self.do(c.SubmitForm(ItemId(name), f"k{name}", "report", "pothole", "", "", "", "en"))

    async def heard(self, desk: Desk | None = None) -> list[ServerMessage | Goodbye]:
        """Return everything that was told so far."""
        told: list[ServerMessage | Goodbye] = []
        try:
            while True:
                async with asyncio.timeout(0):
                    one = await (desk or self.desk).next()
                told.append(one if isinstance(one, Goodbye) else one.with_words({}))
        except TimeoutError:
            return told


def kinds(told: list[ServerMessage | Goodbye]) -> list[type]:
    return [type(one) for one in told]


async def test_what_happens_between_sign_in_and_welcome_is_in_the_welcome() -> None:
    office = Office()
    await office.join(Desk("desk-0", CHLOE, ""))
    await office.available()
    office.hub.join(office.desk)
    sign_in = c.SignIn(CHLOE, office.desk.id)
    picture, texts = await office.inbox.submit(
        sign_in, lambda s: (picture_of(s, CHLOE), policy_texts(s))
    )
    await office.form("F1")  # stored before the answer to the sign-in has reached the desk
    office.hub.welcome(office.desk, "1", picture, texts)
    welcome, *more = await office.heard()
    assert isinstance(welcome, Welcome)
    assert welcome.offer is not None
    assert more == []


async def test_a_lease_that_could_not_be_stored_is_renewed_in_the_next_round() -> None:
    office = Office()
    await office.join()
    office.leases.heard(CHLOE, office.desk.id)
    office.inbox.trouble = StorageUnavailable("disk full")
    await office.leases()
    office.inbox.trouble = None
    await office.inbox.clock.advance_to(office.inbox.now + SECOND)
    await office.leases()
    assert office.inbox.commands[-1] == c.RenewLeases(((CHLOE, "desk-1"),))
    await office.leases()
    assert len([x for x in office.inbox.commands if isinstance(x, c.RenewLeases)]) == 1
    assert kinds(await office.heard()) == [Welcome, Ping, Ping, Ping]


@pytest.mark.parametrize(("language", "name"), [("", "New"), ("fr", "Nouveau"), ("xx", "New")])
async def test_changed_rules_reach_every_desk_in_its_language(language: str, name: str) -> None:
    office = Office()
    office.desk = Desk("desk-1", CHLOE, "token", language)
    await office.join()
    policy = town(wrap_up_codes={"new": {"en": "New", "fr": "Nouveau"}})
    digest = policy_hash(encode(policy))
    office.inbox.engine.state.policies[digest] = policy
    await office.do(c.AdoptPolicy(digest))
    notice = next(one for one in await office.heard() if isinstance(one, Notice))
    assert notice.notice == "policy-changed"
    assert notice.policy is not None
    assert [(code.id, code.name) for code in notice.policy.wrap_up_codes] == [("new", name)]


async def test_an_offer_that_an_outage_extended_is_told_again() -> None:
    office = Office()
    await office.join()
    await office.available()
    await office.form("F1")
    await office.inbox.clock.advance_to(office.inbox.now + 9 * SECOND)
    await office.do(c.ResumeService(since=office.inbox.now - 9 * SECOND))
    offers = [one.offer for one in await office.heard() if isinstance(one, OfferMessage)]
    assert len({offer.offer for offer in offers}) == 1
    assert (offers[-1].expires_at - offers[0].expires_at).total_seconds() == 9


async def test_a_lease_renewal_pushes_nothing_and_an_item_change_once() -> None:
    office = Office()
    await office.join()
    await office.available()
    await office.form("F1")
    offer = next(iter(office.inbox.engine.state.offers))
    await office.do(c.AcceptOffer(offer, CHLOE))
    await office.heard()
    await office.do(c.RenewLeases(((CHLOE, "desk-1"),)))
    assert await office.heard() == []
    await office.do(c.FinishHandling(ItemId("F1"), CHLOE))
    assert kinds(await office.heard()) == [ItemMessage, AgentMessage]


async def test_one_message_too_many_cuts_the_desk_off() -> None:
    desk = Desk("d", CHLOE, "")
    for _ in range(QUEUE_MAX):
        desk.say(Ping(at=None))  # type: ignore[arg-type]
    assert not desk.ended.is_set()
    desk.say(Ping(at=None))  # type: ignore[arg-type]
    assert desk.ended.is_set()
    assert desk.goodbye == TOO_SLOW


async def test_words_that_are_slow_or_broken_are_done_without(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("router.desk.lookup.PATIENCE_S", 0.001)

    async def slow(_: list[str]) -> dict[str, Words]:
        await asyncio.Event().wait()
        raise AssertionError

    async def broken(_: list[str]) -> dict[str, Words]:
        raise StorageFailed("history is down")

    for find in (slow, broken):
        assert await WordLookup(find).find(["a", "", "a"]) == {}


async def test_the_brake_forgets_the_longest_unused() -> None:
    brake = SignInBrake(InstantInbox().clock)
    for number in range(TRACKED_MAX):
        brake.count(f"n{number}", f"a{number}")
    assert len(brake._tries) == TRACKED_MAX
