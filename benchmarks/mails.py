"""Mails a second parsed and stored, beside the standard library's parsing alone.

    .venv/bin/python -m benchmarks.mails [MAILS]

Stored is the whole receiver: read, judged, trimmed, matched against the shipped town's rules, the
original kept as a blob with fsync, decided by the engine and stored in the SQLite journal with
fsync, words included. With one sender after another, and with many at once, as mail servers do.
The mails are those of the corpora that TOWNLINE_SHARED names, else one plain letter; every one
gets a Message-ID and a sender of its own, so that each is a new item.
"""

from __future__ import annotations

import asyncio
import email
import email.policy
import os
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import uvloop

from benchmarks.bare_inbox import opened
from benchmarks.servers import temporary_folder
from benchmarks.towns import shipped
from channels.mail.arriving import arrival_of
from channels.mail.budgets import Budgets
from channels.mail.intake import Answer, Envelope
from channels.mail.reading import read
from channels.mail.receiving import Receiver
from router.core.commands_text import PastThread
from router.runtime.blobs import FolderBlobs
from router.runtime.clock import SystemClock
from router.runtime.ids import RandomIds

SECRET = b"benchmark"
AT_ONCE = 32
ENVELOPE = Envelope("sam@home.test", ("info@willowmere.example.org",), "smtp", "127.0.0.1")
SHARED = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[2] / "shared"))
LETTER = (
    b"From: Sam <sam@home.test>\r\nTo: info@willowmere.example.org\r\nSubject: Bins\r\n"
    b"Date: Mon, 23 Nov 2026 10:00:00 -0500\r\nMessage-ID: <1@home.test>\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\n\r\n"
    + b"The bin in front of our house has not been emptied for two weeks, please.\r\n"
    * 30
)


def letters() -> list[bytes]:
    """Return what people wrote, of the corpora."""
    folder = SHARED / "mail-corpora" / "reply-trimmer" / "emails"
    texts = [path.read_bytes() for path in sorted(folder.glob("*"))] if folder.is_dir() else []
    head, _, _ = LETTER.partition(b"\r\n\r\n")
    made = [head + b"\r\n\r\n" + text.replace(b"\r\n", b"\n") for text in texts]
    return made or [LETTER]


def many(count: int) -> Iterator[bytes]:
    """Yield mails, each of a sender of its own."""
    kinds = letters()
    for number in range(count):
        raw = kinds[number % len(kinds)]
        raw = raw.replace(b"<1@home.test>", b"<%d@home.test>" % number, 1)
        yield raw.replace(b"sam@home.test", b"sam%d@home.test" % number, 1)


async def nothing(_: tuple[str, ...], __: tuple[str, ...]) -> PastThread | None:
    """Know no conversations of the past."""
    return None


async def stored(path: Path, count: int, at_once: int) -> float:
    """Return the seconds until that many mails are stored."""
    async with opened(path / "journal", shipped()) as inbox:
        blobs = FolderBlobs(path / "blobs")
        receiver = Receiver(inbox, RandomIds(), blobs, Budgets(SystemClock(0)), SECRET, nothing)
        waiting = many(count)

        async def take() -> None:
            for raw in waiting:
                assert await receiver(raw, ENVELOPE) is Answer.TAKEN

        began = time.perf_counter()
        await asyncio.gather(*(take() for _ in range(at_once)))
        seconds = time.perf_counter() - began
        assert await inbox.read(lambda state: len(state.items)) == count
    return seconds


def understood(count: int) -> float:
    """Return the seconds in which that many mails are read and judged, nothing stored."""
    policy = shipped()
    rules = policy.mail
    assert rules is not None
    began = time.perf_counter()
    for raw in many(count):
        arrival_of(read(raw), raw, ENVELOPE, policy, rules, SECRET)
    return time.perf_counter() - began


def ours(count: int) -> float:
    """Return the seconds in which our reader alone reads that many mails."""
    began = time.perf_counter()
    for raw in many(count):
        read(raw)
    return time.perf_counter() - began


def standard(count: int) -> float:
    """Return the seconds in which the standard library reads as many, texts decoded."""
    began = time.perf_counter()
    for raw in many(count):
        mail = email.message_from_bytes(raw, policy=email.policy.default)
        for name in ("from", "to", "subject", "date", "message-id"):
            mail.get(name)
        body = mail.get_body(("plain", "html"))
        if body is not None:
            body.get_content()
    return time.perf_counter() - began


def tell(name: str, count: int, seconds: float) -> None:
    print(
        f"{name}: {count} mails in {seconds:.2f} s, {count / seconds:.0f} a second,"
        f" {seconds / count * 1e6:.0f} us each",
        flush=True,
    )


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
    alone: dict[str, Callable[[int], float]] = {
        "standard library, parsing alone": standard,
        "our reader, parsing alone": ours,
        "read, judged, trimmed, matched": understood,
    }
    for name, measure in alone.items():
        tell(name, count, measure(count))
    for at_once in (1, AT_ONCE):
        with temporary_folder() as folder:
            seconds = uvloop.run(stored(Path(folder), count, at_once))
        tell(f"received and stored, {at_once} at once", count, seconds)


if __name__ == "__main__":
    main()
