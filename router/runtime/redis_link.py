"""The link between the daemons of a town, over the Redis that has their journal.

The claim is a key that expires; messages are published and kept by nobody, so that a daemon that is
gone leaves none behind; news is the journal's own stream, waited for.
"""

from __future__ import annotations

import os
import socket
from contextlib import suppress
from secrets import token_hex
from typing import Any, Final

from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as TookTooLong

from router.core.model import SECOND
from router.errors import StorageFailed
from router.ports import StoredBatch
from router.runtime.link import Standing
from router.runtime.redis_address import without_secrets
from router.runtime.redis_scripts import CLAIM, OPENED, RELEASE
from router.runtime.redis_server import connect, settle

KEPT_MS: Final = 3000  # after a crash another daemon decides after so long
WAIT_S: Final = 1.0  # for a message, or for news
SILENT_MAX: Final = 5  # waits in which a server that was asked says nothing
PAGE: Final = 128  # batches, or messages, at a time


class RedisLink:
    """A `Link`; connects when it is first used."""

    def __init__(self, url: str, town: str, *, replicas: int = 0) -> None:
        """News is told once so many replicas have it."""
        self._replicas = replicas
        self.name = f"{socket.gethostname()}:{os.getpid()}:{token_hex(4)}"
        self._prefix = f"townline:{{{town}}}:"
        self._where = without_secrets(url)
        self._asking = connect(url, retries=0)  # the next renewal comes in a second
        self._following = connect(url, retries=0)
        self._sending = connect(url, retries=0)  # a message sent twice would be heard twice
        self._hearing = connect(url, retries=0)
        self._ears: Any = self._hearing.pubsub(ignore_subscribe_messages=True)
        self._silent = 0  # waits without a word of the server
        self._is_leaving = False

    async def claim(self) -> Standing:
        """See `Link.claim`."""
        names = ("daemon", "version", "daemons")
        keys = [self._prefix + name for name in names]
        opened = OPENED + self.name.rpartition(":")[0] + ":"
        asked = self._asking.eval(CLAIM, len(keys), *keys, self.name, KEPT_MS, opened)
        holder, left_ms, version, daemons = await self._guarded("claiming", asked)
        age_ms = max(0, KEPT_MS - int(left_ms))
        decider = holder.decode()
        return Standing(
            decider=decider,
            age=0 if decider == self.name else age_ms * SECOND // 1000,
            version=int(version),
            daemons=tuple(
                daemon.decode() for daemon in daemons if not daemon.startswith(OPENED.encode())
            ),
        )

    async def give_back(self) -> None:
        """See `Link.give_back`."""
        self._is_leaving = True
        with suppress(RedisError, OSError):
            await self._ears.aclose()
        keys = [self._prefix + name for name in ("daemon", "daemons")]
        await self._guarded("giving back", self._asking.eval(RELEASE, 2, *keys, self.name))

    async def send(self, to: str, message: bytes) -> bool:
        """See `Link.send`."""
        asked = self._sending.publish(f"{self._prefix}to:{to}", message)
        return bool(await self._guarded("sending", asked))

    async def tell_all(self, message: bytes) -> None:
        """See `Link.tell_all`; this daemon does not hear itself."""
        body = self.name.encode() + b" " + message
        await self._guarded("sending", self._sending.publish(f"{self._prefix}to-all", body))

    async def receive(self) -> list[bytes]:
        """See `Link.receive`."""
        if self._is_leaving:
            raise StorageFailed(f"{self._where}: given back")
        if not self._ears.subscribed:
            channels = (f"{self._prefix}to:{self.name}", f"{self._prefix}to-all")
            await self._guarded("listening", self._ears.subscribe(*channels))
        found: list[bytes] = []
        timeout = WAIT_S
        while len(found) < PAGE:
            told = await self._guarded("listening", self._ears.get_message(timeout=timeout))
            if told is None:
                break
            self._silent = 0
            timeout = 0.0  # what has come already
            if told["type"] == "message":
                found += self._heard(told["channel"].decode(), told["data"])
        if told is None and timeout:
            await self._guarded("listening", self._is_anybody_there())
        return found

    async def _is_anybody_there(self) -> None:
        """Ask after a silence, which is all that is heard of a server that stands still, too."""
        self._silent += 1
        if self._silent > SILENT_MAX:
            self._silent = 0
            # the next connection may find another server
            await self._ears.connection.disconnect(nowait=True)
            raise TookTooLong("it does not answer")
        await self._ears.ping()

    def _heard(self, channel: str, body: bytes) -> list[bytes]:
        if not channel.endswith(":to-all"):
            return [body]
        sender, _, message = body.partition(b" ")
        return [] if sender.decode() == self.name else [message]

    async def news(self, after_version: int) -> list[StoredBatch]:
        """See `Link.news`."""
        log = self._prefix + "log"
        wait_ms = int(WAIT_S * 1000)
        asked = self._following.xread({log: f"{after_version}-0"}, count=PAGE, block=wait_ms)
        streams = await self._guarded("following", asked)
        found = [stored_batch(entry, fields) for _, rows in streams for entry, fields in rows]
        if found and self._replicas:
            keys = {name: self._prefix + name for name in ("settled", "batches")}
            settled = settle(self._following, keys, self._replicas, found[-1].batch_id)
            if await self._guarded("following", settled) is None:
                return []  # a promoted server has not got it: what it has comes next
        return found

    async def close(self) -> None:
        """Give the connections back."""
        clients = (self._asking, self._following, self._sending, self._hearing)
        for client in (self._ears, *clients):
            with suppress(RedisError, OSError):
                await client.aclose()

    async def _guarded(self, doing: str, asked: Any) -> Any:
        """Await it; the library types its asynchronous commands as both kinds, hence Any."""
        try:
            return await asked
        except (RedisError, OSError) as error:
            raise StorageFailed(f"{self._where}: {doing}: {error}") from error


def stored_batch(entry: bytes, fields: dict[bytes, bytes]) -> StoredBatch:
    """Return an entry of the journal's stream as the batch that it is."""
    return StoredBatch(
        version=int(entry.partition(b"-")[0]),
        batch_id=fields[b"b"].decode(),
        at=int(fields[b"a"]),
        count=int(fields[b"c"]),
        events=fields[b"e"],
        answers=fields.get(b"r", b""),
        before=fields.get(b"h", b"").decode(),
    )
