"""Daemons that are killed by their own hand, forked on order (see `nursery`).

The program is the shipped one. Before it starts, places of its inside are wrapped, so that each
passing of a named point is counted and the n-th passing of the one that was asked for is the end of
the process (SIGKILL), with nothing done after it. Asked by environment:

* `CRASH_AT`: point and number, as in `before-append:3`; empty: never;
* `CRASH_HITS`: file that receives the counts as JSON just before the end;
* `CLOCK_BACK_S`: file that says by how many seconds the machine's clock is behind.

Snapshots come every few events instead of every thousands, so that their points are reached.
"""

from __future__ import annotations

import asyncio
import faulthandler
import json
import os
import signal
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response

from channels.chat.stream import Stream
from channels.mail.receiving import Receiver
from channels.mail.smtp_out import SmtpSender
from channels.mail.smtp_session import TAKEN, SmtpSession
from channels.voice.rest import RestOutlet
from router.cli import main
from router.core.commands import Command, PassTime, RenewLeases, ReportEffect
from router.core.engine import Engine
from router.core.model import SECOND
from router.desk import talk as desk_talk
from router.history.feeder import HistoryFeeder
from router.runtime import clock, daemon, sender, snapshotting
from router.runtime.blobs import FolderBlobs
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.publisher import Publisher
from router.runtime.sequencer import Sequencer
from router.runtime.sqlite_writer import SqliteWriter
from router.runtime.storing import Storing

POINTS: Final = (
    "before-decide",  # a command is taken up
    "after-decide",  # decided and applied to the working state
    "before-append",  # a batch is about to be stored
    "within-append",  # its transaction is open, nothing is committed
    "stored",  # committed, and nobody knows yet, not even the event loop
    "after-append",  # the sequencer knows
    "before-reply",  # about to tell a sender
    "after-reply",  # told inside, not yet written to the connection
    "before-answer",  # the HTTP answer is about to be written
    "after-answer",  # it was written
    "before-desk-answer",  # a desk is about to be told
    "after-desk-answer",
    "before-publish",  # effects and desks do not know of the batch yet
    "after-publish",
    "before-perform",  # an effect is about to leave
    "after-perform",  # it was done, and that stands nowhere yet
    "before-confirm",  # its confirmation is about to be submitted
    "after-confirm",  # and is stored
    "before-snapshot",
    "within-snapshot",  # some of its parts are stored
    "after-snapshot",
    "before-feed",  # history is about to be fed
    "within-feed",  # words stand in history and in the spool
    "after-feed",
    "blob-stored",  # a mail, as it came, is on disk
    "before-mail",  # it is about to be submitted
    "before-250",  # its sender is about to be told that it is stored
    "after-250",
    "before-send",  # a mail of ours is about to leave
    "after-send",  # the next server has it, and that stands nowhere yet
    "before-frame",  # the resident of a chat is about to be told something
    "after-frame",
)
EVENTS_PER_SNAPSHOT: Final = 20
LOADED: Final = (daemon,)  # imported here, so that a fork does not need to
QUIET: Final = (PassTime, RenewLeases)  # come by themselves; they would use up the counts


class Reaper:
    """Counts, and ends the process when the count is reached."""

    def __init__(self) -> None:
        self.point, _, number = os.environ.get("CRASH_AT", "").partition(":")
        self.number = int(number or 0)
        self.hits: Counter[str] = Counter()
        if self.point and self.point not in POINTS:
            raise SystemExit(f"no such point: {self.point}")

    def passes(self, point: str) -> None:
        self.hits[point] += 1
        if point == self.point and self.hits[point] >= self.number:
            with open(os.environ["CRASH_HITS"], "w", encoding="utf-8") as file:
                json.dump(self.hits, file)
            os.kill(os.getpid(), signal.SIGKILL)


REAPER = Reaper()


def around(owner: Any, name: str, before: str = "", after: str = "") -> None:
    """Pass the points before and after each call of a method, plain or async."""
    inner: Callable[..., Any] = getattr(owner, name)

    def plain(*args: Any, **more: Any) -> Any:
        if before:
            REAPER.passes(before)
        result = inner(*args, **more)
        if after:
            REAPER.passes(after)
        return result

    async def waiting(*args: Any, **more: Any) -> Any:
        if before:
            REAPER.passes(before)
        result = await inner(*args, **more)
        if after:
            REAPER.passes(after)
        return result

    setattr(owner, name, waiting if asyncio.iscoroutinefunction(inner) else plain)


def wrap_deciding() -> None:
    run = Engine.run

    def decided(engine: Engine, command: Command, now: int) -> Any:
        if isinstance(command, QUIET):
            return run(engine, command, now)
        REAPER.passes("before-decide")
        events = run(engine, command, now)
        REAPER.passes("after-decide")
        return events

    Engine.run = decided  # type: ignore[method-assign,assignment]


def wrap_confirming() -> None:
    submit = Sequencer.submit

    async def submitted(sequencer: Sequencer, command: Command, *args: Any, **more: Any) -> Any:
        confirms = isinstance(command, ReportEffect)
        if confirms:
            REAPER.passes("before-confirm")
        result = await submit(sequencer, command, *args, **more)
        if confirms:
            REAPER.passes("after-confirm")
        return result

    Sequencer.submit = submitted  # type: ignore[method-assign,assignment]


def wrap_taking() -> None:
    push = SmtpSession.push

    async def pushed(session: SmtpSession, status: Any) -> None:
        if status == TAKEN:
            REAPER.passes("before-250")
        await push(session, status)
        if status == TAKEN:
            REAPER.passes("after-250")

    SmtpSession.push = pushed  # type: ignore[method-assign,assignment]


class _WithinAppend:
    """A connection that passes a point once a batch stands in the open transaction."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection

    def execute(self, sql: str, *args: Any) -> Any:
        result = self._connection.execute(sql, *args)
        if sql.startswith("INSERT INTO batches"):
            REAPER.passes("within-append")
        return result

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)


def wrap_transaction() -> None:
    connected = SqliteWriter.append

    def append(writer: SqliteWriter, *args: Any) -> int:
        file = writer._file
        original = file.connected
        file.connected = lambda: _WithinAppend(original())  # type: ignore[method-assign,assignment,return-value]
        try:
            version = connected(writer, *args)
        finally:
            file.connected = original  # type: ignore[method-assign]
        REAPER.passes("stored")
        return version

    SqliteWriter.append = append  # type: ignore[method-assign,assignment]


def wrap_everything() -> None:
    snapshotting.EVERY_EVENTS = EVENTS_PER_SNAPSHOT  # type: ignore[misc]
    snapshotting.Snapshots.period = SECOND // 2
    HistoryFeeder.period = SECOND // 5
    wrap_deciding()
    wrap_transaction()
    wrap_confirming()
    wrap_taking()
    around(SqliteJournal, "append", "before-append")
    around(Storing, "store", "", "after-append")
    around(sender.Sender, "release", "before-reply", "after-reply")
    around(Response, "__call__", "before-answer", "after-answer")
    around(desk_talk.Talk, "send", "before-desk-answer", "after-desk-answer")
    around(Publisher, "publish", "before-publish", "after-publish")
    around(RestOutlet, "perform", "before-perform", "after-perform")
    around(snapshotting.Snapshots, "_save", "before-snapshot", "after-snapshot")
    around(SqliteWriter, "add_snapshot_part", "", "within-snapshot")
    around(HistoryFeeder, "__call__", "before-feed", "after-feed")
    around(SqliteWriter, "forget_words", "within-feed")
    around(FolderBlobs, "put", "", "blob-stored")
    around(Receiver, "_submit", "before-mail")
    around(SmtpSender, "send", "before-send", "after-send")
    around(Stream, "_send", "before-frame", "after-frame")


class SetBack:
    """The module `time` on a machine whose clock is behind."""

    def __init__(self, path: str) -> None:
        self._path = Path(path)

    def time_ns(self) -> int:
        return time.time_ns() - int(self._path.read_text()) * SECOND

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


def live(order: Any) -> None:
    """Be a daemon until the end."""
    global REAPER
    os.environ.clear()
    os.environ.update(order["environment"])
    REAPER = Reaper()
    if "CLOCK_BACK_S" in os.environ:
        clock.time = SetBack(os.environ["CLOCK_BACK_S"])  # type: ignore[assignment,attr-defined]
    sys.argv = ["townline", *order["words"]]
    log = os.open(order["log"], os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    for stream, target in ((0, os.open(os.devnull, os.O_RDONLY)), (1, log), (2, log)):
        os.dup2(target, stream)
    faulthandler.enable()  # a crash that nobody asked for says where it was
    main()


def obey() -> None:
    """Fork a daemon for each order (a line of JSON); tell its pid, and how it ended."""
    wrap_everything()
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            live(json.loads(line))
            os._exit(0)
        tell({"pid": pid})
        _, status = os.waitpid(pid, 0)
        tell({"code": os.waitstatus_to_exitcode(status)})


def tell(what: dict[str, int]) -> None:
    os.write(1, json.dumps(what).encode() + b"\n")


if __name__ == "__main__":
    obey()
