"""Real mails of many systems through the whole receiver: each ends once, none breaks anything."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

import pytest

from channels.mail.budgets import Budgets
from channels.mail.intake import Answer, Envelope
from channels.mail.receiving import Receiver
from router.core import events as e
from router.core.model import ItemState
from router.runtime.clock import VirtualClock
from router.runtime.ids import SeededIds
from tests.channels.mail.mail_town import SECRET, nothing
from tests.core.text_town import TextDesk, mail_policy, writing_town
from tests.core.town import OPEN
from tests.fakes.inbox import FakeInbox
from tests.fakes.memory_texts import MemoryBlobs

SHARED: Final = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[4] / "shared"))
CORPORA: Final = SHARED / "mail-corpora"
MACHINES: Final = sorted((CORPORA / "sisimai" / "bsd").glob("*.eml"))
OTHERS: Final = sorted(
    path
    for folder in ("rfc822", "reply-trimmer/emails", "sisimai/err", "sisimai/not")
    for path in (CORPORA / folder).rglob("*")
    if path.is_file() and "LICENSE" not in path.name
)
ENVELOPES: Final = (
    Envelope("", ("info@town.test",), "smtp", "127.0.0.1"),
    Envelope(None, (), "imap", "127.0.0.1"),
)

pytestmark = pytest.mark.skipif(
    not MACHINES, reason=f"no corpus at {CORPORA}; TOWNLINE_SHARED names the folder"
)


def town() -> tuple[FakeInbox, Receiver]:
    mail = mail_policy(per_hour_max=1000, answers_per_day_max=1000)
    inbox = FakeInbox(TextDesk(writing_town(mail=mail)))
    budgets = Budgets(VirtualClock(OPEN))
    return inbox, Receiver(inbox, SeededIds(1), MemoryBlobs(), budgets, SECRET, nothing)


def octets(path: Path) -> bytes:
    return path.read_bytes()


@pytest.mark.parametrize("envelope", ENVELOPES, ids=["smtp", "imap"])
async def test_no_machines_mail_opens_an_item_or_is_answered(envelope: Envelope) -> None:
    inbox, receiver = town()
    for path in MACHINES:
        assert await receiver(path.read_bytes(), envelope) is Answer.TAKEN
    assert inbox.state.items == {}
    assert inbox.state.pending == {}
    kept = [event for event in inbox.stored if isinstance(event, e.MailKept)]
    assert len(kept) == len({*map(Path.read_bytes, MACHINES)})


@pytest.mark.parametrize("path", OTHERS, ids=lambda path: str(path.relative_to(CORPORA)))
async def test_every_other_mail_is_one_item_or_is_kept(path: Path) -> None:
    inbox, receiver = town()
    raw = octets(path)
    for _ in range(2):
        assert await receiver(raw, ENVELOPES[1]) is Answer.TAKEN
    ends = [ev for ev in inbox.stored if isinstance(ev, e.ItemReceived | e.MailKept)]
    assert len(ends) == 1
    for item in inbox.state.items.values():
        assert item.state in (ItemState.QUEUED, ItemState.SHUNTED)
        assert item.words_ref in inbox.words
