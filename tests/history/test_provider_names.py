"""Who is who at the sign-in provider, what was begun there, and accounts nobody may use."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from router.core.model import AgentId
from router.errors import NotAllowed, Overloaded
from router.history import provider_names
from router.history.account_rows import Role
from router.history.accounts import Accounts
from router.history.audit import Audit
from router.history.database import Database
from router.history.provider_names import LASTS, Begun, ProviderNames
from router.history.sessions import Sessions
from router.runtime.clock import VirtualClock

ANN = AgentId("ann")
AT_PROVIDER = "Ann@example.org"


@pytest.fixture
def names(database: Database, clock: VirtualClock) -> ProviderNames:
    return ProviderNames(database, clock)


@pytest.fixture
def sessions(database: Database, clock: VirtualClock) -> Sessions:
    return Sessions(database, clock)


async def test_an_account_of_the_provider_has_no_password(
    accounts: Accounts, names: ProviderNames
) -> None:
    made = await accounts.create(
        "ann", Role.AGENT, agent_id=ANN, provider_name=AT_PROVIDER, by="admin"
    )
    assert made == ""
    account = await names.account_of(AT_PROVIDER)
    assert account is not None
    assert (account.name, account.has_password, account.must_change) == ("ann", False, False)
    assert await accounts.verify("ann", "") is None
    for other in ("ann@example.org", f"{AT_PROVIDER} ", "ann", ""):
        assert await names.account_of(other) is None


async def test_a_name_at_the_provider_is_one_accounts(
    accounts: Accounts, names: ProviderNames
) -> None:
    await accounts.create("ann", Role.AGENT, agent_id=ANN, provider_name=AT_PROVIDER, by="admin")
    with pytest.raises(NotAllowed, match="is account 'ann' already"):
        await accounts.create("eve", Role.SUPERVISOR, provider_name=AT_PROVIDER, by="admin")
    assert [account.name for account in await accounts.everybody()] == ["ann"]
    await accounts.create("eve", Role.SUPERVISOR, by="admin")
    with pytest.raises(NotAllowed, match="is account 'ann' already"):
        await names.give("eve", AT_PROVIDER, keeps_password=True, by="admin")
    for wrong in (" x", "x" * 201):
        with pytest.raises(NotAllowed, match="at most 200 letters"):
            await names.give("eve", wrong, keeps_password=True, by="admin")


async def test_a_new_name_at_the_provider_ends_the_sessions_and_may_take_the_password(
    accounts: Accounts, names: ProviderNames, sessions: Sessions, database: Database
) -> None:
    password = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    token = await sessions.open("ann")
    kept = await names.give("ann", AT_PROVIDER, keeps_password=True, by="admin")
    assert kept.has_password
    assert await sessions.find(token) is None
    assert await accounts.verify("ann", password) is not None
    taken = await names.give("ann", AT_PROVIDER, keeps_password=False, by="admin")
    assert (taken.has_password, taken.must_change) == (False, False)
    assert await accounts.verify("ann", password) is None
    for keeps in (True, False):
        with pytest.raises(NotAllowed, match="nobody could sign in"):
            await names.give("ann", "", keeps_password=keeps, by="admin")
    await accounts.reset_password("ann", by="admin")
    gone = await names.give("ann", "", keeps_password=True, by="admin")
    assert (gone.provider_name, await names.account_of(AT_PROVIDER)) == ("", None)
    trail = await Audit(database, VirtualClock(0)).recent()
    assert [one.target for one in trail if one.what == "provider-name-set"] == [
        "ann ()",
        f"ann ({AT_PROVIDER}, no password)",
        f"ann ({AT_PROVIDER})",
    ]


async def test_what_was_begun_is_given_out_once_and_not_for_long(
    names: ProviderNames, clock: VirtualClock
) -> None:
    await names.begin("state", "verifier", "nonce", "wall")
    assert await names.take("another") is None
    taken = await asyncio.gather(*(names.take("state") for _ in range(4)))
    assert [one for one in taken if one is not None] == [Begun("verifier", "nonce", "wall")]
    await names.begin("late", "verifier", "nonce", "")
    await clock.advance_to(clock.now() + LASTS)
    assert await names.take("late") is None


async def test_a_state_that_nobody_has_begun_writes_nothing(
    names: ProviderNames, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    await names.begin("state", "verifier", "nonce", "wall")
    write, written = database.write, []

    async def counted(change: Any) -> Any:
        written.append(change)
        return await write(change)

    monkeypatch.setattr(database, "write", counted)
    assert await names.take("another") is None
    assert written == []
    assert await names.take("state") is not None
    assert len(written) == 1


async def test_no_more_is_begun_than_fits_and_the_old_makes_room(
    names: ProviderNames, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(provider_names, "OPEN_MAX", 2)
    await names.begin("1", "", "", "")
    await names.begin("2", "", "", "")
    with pytest.raises(Overloaded):
        await names.begin("3", "", "", "")
    await clock.advance_to(clock.now() + LASTS)
    await names.begin("4", "", "", "")


# --- disabled ------------------------------------------------------------------------------------


async def test_nobody_signs_in_with_a_disabled_account(
    accounts: Accounts, sessions: Sessions, database: Database
) -> None:
    await accounts.create("admin", Role.ADMINISTRATOR, by="test")
    password = await accounts.create("ann", Role.AGENT, agent_id=ANN, by="admin")
    token = await sessions.open("ann")
    for _ in range(2):
        assert (await accounts.disable(" Ann", by="admin")).is_disabled
    assert await sessions.find(token) is None
    assert await sessions.find(await sessions.open("ann")) is None  # who was half-way in
    assert await accounts.verify("ann", password) is None
    enabled = await accounts.enable("ann", by="admin")
    assert (enabled.is_disabled, enabled.must_change) == (False, True)
    assert await accounts.verify("ann", password) == enabled
    await accounts.enable("ann", by="admin")
    trail = await Audit(database, VirtualClock(0)).recent()
    assert [one.what for one in trail][:2] == ["account-enabled", "account-disabled"]
    assert {(one.who, one.target) for one in trail[:2]} == {("admin", "ann")}


async def test_somebody_must_be_left_to_administer_the_town(accounts: Accounts) -> None:
    for name in ("one", "two"):
        await accounts.create(name, Role.ADMINISTRATOR, by="test")
    await accounts.disable("one", by="two")
    for change in (
        accounts.disable("two", by="two"),
        accounts.remove("two", by="two"),
        accounts.set_role("two", Role.SUPERVISOR, by="two"),
    ):
        with pytest.raises(NotAllowed, match="only administrator"):
            await change
    await accounts.remove("one", by="two")  # a disabled one is missed by nobody
    with pytest.raises(NotAllowed, match="no account 'one'"):
        await accounts.enable("one", by="two")
