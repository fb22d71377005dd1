"""The journal in a real Redis: the server dies, is full, or is asked by two daemons."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from msgspec.structs import replace
from pydantic import SecretStr

from router.errors import Conflict, HistoryForked, OutcomeUnknown, SettingsError, StorageFailed
from router.ports import Batch, Words, chained
from router.runtime.clock import VirtualClock
from router.runtime.company import Company
from router.runtime.journal_redis import RedisJournal
from router.runtime.journals import company_of, compare_secret, open_to_read, open_to_write
from router.runtime.metrics import Metrics
from router.runtime.redis_link import RedisLink
from router.runtime.redis_server import PLENTY, connect
from router.runtime.redis_worries import worries
from router.runtime.settings import Settings
from router.runtime.sharing import Sharing
from tests.end_to_end.process import reached
from tests.fakes.redis_sentinel import OPENSSL, certificate_in
from tests.fakes.redis_server import DURABLE, PROGRAM, RedisServer, redis_server
from tests.ports import free_port


@pytest.fixture
def server() -> Iterator[RedisServer]:
    if PROGRAM is None:
        pytest.skip("redis-server is not installed")
    with redis_server(*DURABLE) as running:
        yield running


def a_batch(name: str, size: int = 100) -> Batch:
    return Batch(name, 1_795_446_000_123_456_789, 1, bytes(size), (Words(name, "note", b"x"),))


async def test_what_was_acknowledged_outlives_the_server(server: RedisServer) -> None:
    journal = await RedisJournal.open(server.url, "willowmere")
    for version in range(50):
        await journal.append(version, a_batch(str(version)))
    server.kill()
    with pytest.raises(OutcomeUnknown):
        await journal.append(50, a_batch("50"))
    with pytest.raises(StorageFailed):
        await journal.find_batch("50")
    server.start()
    assert await journal.find_batch("50") is None
    assert await journal.version() == 50
    assert await journal.append(50, a_batch("50")) == 51
    assert await journal.last_instant() == 1_795_446_000_123_456_789  # no digit is lost
    assert len(await journal.waiting(100)) == 51
    await journal.close()


async def test_a_full_server_stores_nothing_and_says_so(server: RedisServer) -> None:
    journal = await RedisJournal.open(server.url, "willowmere")
    assert journal.free_bytes() == PLENTY
    client = connect(server.url, retries=0)
    await client.config_set("maxmemory", "3mb")
    await journal.look_for_room()
    assert journal.free_bytes() < 3_000_000
    version = 0
    while True:
        try:
            version = await journal.append(version, a_batch(str(version), 100_000))
        except StorageFailed as error:
            assert "maxmemory" in str(error)  # noqa: PT017 - how many fit is the server's business
            break
    assert await journal.version() == version
    assert await journal.find_batch(str(version)) is None
    await client.config_set("maxmemory", "0")
    assert await journal.append(version, a_batch(str(version))) == version + 1
    await client.aclose()
    await journal.close()


async def test_towns_share_a_server_and_see_nothing_of_each_other(server: RedisServer) -> None:
    one = await RedisJournal.open(server.url, "one")
    other = await RedisJournal.open(server.url, "other")
    await one.append(0, a_batch("first"))
    assert await other.version() == 0
    assert await other.find_batch("first") is None
    await one.close()
    await other.close()


async def test_two_daemons_append_one_after_the_other_or_meet_a_conflict(
    server: RedisServer,
) -> None:
    first = await RedisJournal.open(server.url, "willowmere")
    second = await RedisJournal.open(server.url, "willowmere")
    await second.append(0, a_batch("one"))
    with pytest.raises(Conflict):
        await first.append(0, a_batch("two"))
    await first.append(1, a_batch("two"))
    await first.close()
    await second.close()


async def test_a_journal_that_went_another_way_is_noticed_before_it_is_written(
    server: RedisServer,
) -> None:
    """A replica that had not got everything was promoted, and somebody has written since."""
    journal = await RedisJournal.open(server.url, "willowmere")
    await journal.append(0, a_batch("kept"))
    kept = chained("", 1, a_batch("kept"))
    lost, other = (replace(a_batch(name), before=kept) for name in ("lost", "other"))
    await journal.append(1, other)
    with pytest.raises(HistoryForked, match="another history after version 2"):
        await journal.append(2, replace(a_batch("next"), before=chained(kept, 2, lost)))
    assert [stored.before async for stored in journal.read(0)] == ["", kept]
    assert await journal.append(2, replace(a_batch("next"), before=chained(kept, 2, other))) == 3
    await journal.close()


async def test_a_server_that_was_told_to_follow_is_left_at_once(
    server: RedisServer, tmp_path: Path
) -> None:
    """An address that leads to today's master, as a name or a proxy does, is looked up anew."""
    path = tmp_path / "master"
    with redis_server(*DURABLE) as other:
        path.symlink_to(server.url.removeprefix("unix://"))
        journal = await RedisJournal.open(f"unix://{path}", "willowmere")
        await journal.append(0, a_batch("one"))
        old = connect(server.url, retries=0)
        await old.replicaof("127.0.0.1", 1)
        path.unlink()
        path.symlink_to(other.url.removeprefix("unix://"))
        with pytest.raises(StorageFailed, match="read only replica"):
            await journal.append(1, a_batch("two"))
        assert await journal.append(0, a_batch("anew")) == 1
        await old.aclose()
        await journal.close()


@pytest.mark.skipif(PROGRAM is None or OPENSSL is None, reason="no redis-server or no openssl")
async def test_a_server_behind_tls_is_known_by_its_certificate(tmp_path: Path) -> None:
    made = certificate_in(tmp_path)
    port = free_port()
    with redis_server(
        *DURABLE, "--tls-port", str(port), "--tls-cert-file", str(made.certificate),
        "--tls-key-file", str(made.key), "--tls-auth-clients", "no",
    ):  # fmt: skip
        url = f"rediss://127.0.0.1:{port}/0"
        journal = await RedisJournal.open(f"{url}?ssl_ca_certs={made.certificate}", "willowmere")
        assert await journal.append(0, a_batch("one")) == 1
        await journal.close()
        with pytest.raises(StorageFailed, match="certificate"):  # nobody we trust has signed it
            await RedisJournal.open(url, "willowmere")


@asynccontextmanager
async def replicated() -> AsyncIterator[tuple[RedisServer, RedisServer]]:
    """A server and its replica."""
    port = free_port()
    with (
        redis_server(*DURABLE, "--port", str(port), "--repl-diskless-sync-delay", "0") as server,
        redis_server("--replicaof", "127.0.0.1", str(port)) as replica,
    ):
        client = connect(replica.url, retries=0)

        async def follows() -> bool:
            return bool((await client.info("replication"))["master_link_status"] == "up")

        await reached("the replica follows", follows)
        await client.aclose()
        yield server, replica


@pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
async def test_a_batch_is_stored_once_a_replica_has_it() -> None:
    async with replicated() as (server, replica):
        journal = await RedisJournal.open(server.url, "willowmere", replicas=1)
        link = RedisLink(server.url, "willowmere", replicas=1)
        assert await journal.append(0, a_batch("one")) == 1
        replica.stop()
        appending = asyncio.ensure_future(journal.append(1, a_batch("two")))
        following = asyncio.ensure_future(link.news(1))
        other = await RedisJournal.open(server.url, "willowmere")

        async def has_two() -> bool:
            return await other.version() == 2

        await reached("the server has it", has_two)
        await asyncio.wait([appending, following], timeout=0.2)
        assert not appending.done()  # the server has it, and nobody is told
        assert not following.done()
        replica.go_on()
        assert await appending == 2
        assert [stored.batch_id for stored in await following] == ["two"]
        server.kill()
        promoted = await RedisJournal.open_readonly(replica.url, "willowmere")
        assert await promoted.find_batch("two") == 2
        for each in (journal, other, link, promoted):
            await each.close()


async def test_errors_never_show_the_password() -> None:
    with pytest.raises(StorageFailed) as caught:
        await RedisJournal.open("redis://user:geheim@127.0.0.1:1/0", "willowmere")
    assert "geheim" not in str(caught.value)
    assert "127.0.0.1:1" in str(caught.value)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (DURABLE, []),
        (("--appendonly", "yes", "--appendfsync", "everysec"), ["appendfsync is everysec"]),
        ((), ["appendonly is off"]),
        ((*DURABLE, "--maxmemory-policy", "allkeys-lru"), ["maxmemory-policy is allkeys-lru"]),
    ],
)
@pytest.mark.skipif(PROGRAM is None, reason="redis-server is not installed")
async def test_what_could_lose_a_batch_is_told(options: tuple[str, ...], told: list[str]) -> None:
    with redis_server(*options) as running:
        client = connect(running.url, retries=0)
        found = await worries(client, 0)
        await client.aclose()
    assert [text.partition(":")[0] for text in found] == told


async def test_an_address_opens_for_writers_and_readers(
    server: RedisServer,
) -> None:
    settings = Settings(journal=SecretStr(server.url), town="willowmere")
    with pytest.raises(StorageFailed, match="holds no journal of 'willowmere'"):
        await open_to_read(settings)
    journal = await open_to_write(settings)
    assert [duty.name for duty in journal.duties()] == ["journal-room"]
    for duty in journal.duties():
        await duty()
    await journal.append(0, a_batch("one"))
    reader = await open_to_read(settings)
    assert await reader.version() == 1
    assert await reader.mentions("\x00") == (0, 1)
    assert reader.duties() == []
    with pytest.raises(StorageFailed, match="reading only"):
        await reader.append(1, a_batch("two"))
    await reader.close()
    await journal.append(1, a_batch("two"))
    await journal.close()


async def test_daemons_of_a_town_have_one_secret(server: RedisServer) -> None:
    settings = Settings(journal=SecretStr(server.url), town="willowmere")
    journal = await open_to_write(settings)
    for _ in range(2):
        await compare_secret(settings, journal, b"one and the same for all of them")
    with pytest.raises(SettingsError, match="the same TOWNLINE_SECRET"):
        await compare_secret(settings, journal, b"another one, of another machine")
    await journal.close()


async def test_a_file_has_no_company_and_a_redis_has(server: RedisServer) -> None:
    clock = VirtualClock(0)
    alone = company_of(Settings(), clock, Metrics())
    assert type(alone) is Company
    assert alone.decides
    for url in (server.url, "rediss://redis.example.org:6379/2"):
        company = company_of(Settings(journal=SecretStr(url)), clock, Metrics())
        assert isinstance(company, Sharing)
        assert not company.decides
        await company.close()


async def test_a_file_is_opened_by_its_path(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path)
    journal = await open_to_write(settings)
    assert journal.duties() == []
    await journal.close()
    assert (tmp_path / "journal.sqlite").exists()
    assert settings.shown_journal == f"sqlite:{tmp_path / 'journal.sqlite'}"


def test_a_journal_is_shown_without_its_password() -> None:
    settings = Settings(journal=SecretStr("rediss://town:geheim@redis.example.org:6379/2"))
    assert settings.shown_journal == "rediss://redis.example.org:6379/2"
    assert "geheim" not in repr(settings)
