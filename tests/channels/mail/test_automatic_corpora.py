"""Bounces, reports and absence notes of many mail systems: none is taken for a person."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Final

import pytest

from channels.mail.automatic import Own, judge
from channels.mail.message import Failure, Kind, Verdict
from channels.mail.reading import read

SHARED: Final = Path(os.environ.get("TOWNLINE_SHARED", Path(__file__).parents[4] / "shared"))
CORPUS: Final = SHARED / "mail-corpora" / "sisimai"
BOUNCES: Final = sorted((CORPUS / "bsd").glob("*.eml"))
ORDINARY: Final = sorted((CORPUS / "not").glob("*.eml"))
BROKEN: Final = sorted((CORPUS / "err").glob("*.eml"))
OWN: Final = Own(frozenset())
# Codes that the corpus makes up where a mail has none: they cannot be read out of it.
MADE_UP: Final = re.compile(r"[45]\.0\.9\d\d")
SHARE_MIN: Final = 0.95

pytestmark = pytest.mark.skipif(
    not BOUNCES, reason=f"no corpus at {CORPUS}; TOWNLINE_SHARED names the folder"
)

Expected = dict[str, list[dict[str, str]]]


def verdict(path: Path) -> Verdict:
    return judge(read(path.read_bytes()), None, OWN)


def expected() -> Expected:
    found: Expected = json.loads((CORPUS / "expected.json").read_text())
    return {
        name: records
        for name, records in found.items()
        if (CORPUS / "bsd" / name).exists() and not name.startswith(("arf-", "rfc3834-"))
    }


def wrong(record: dict[str, str], failure: Failure) -> list[str]:
    """What a failure says otherwise than the corpus, as far as the mail itself says it."""
    complaints = [] if failure.recipient else ["no recipient"]
    status = record["status"]
    if status and not MADE_UP.fullmatch(status):
        if failure.status != status:
            complaints.append(f"status {failure.status!r}, not {status!r}")
        if failure.is_permanent is not (status[0] == "5"):
            complaints.append(f"is_permanent {failure.is_permanent}")
    if failure.reply_code != record["replycode"]:
        complaints.append(f"reply code {failure.reply_code!r}, not {record['replycode']!r}")
    return complaints


@pytest.mark.parametrize("path", BOUNCES, ids=lambda path: path.name)
def test_no_report_is_a_persons_mail(path: Path) -> None:
    assert verdict(path).kind not in (Kind.PERSON, Kind.LIST)


@pytest.mark.parametrize(
    ("prefix", "kind"), [("arf-", Kind.FEEDBACK), ("rfc3834-", Kind.AUTO_REPLY)]
)
def test_feedback_and_absence_notes_are_told_apart(prefix: str, kind: Kind) -> None:
    for path in BOUNCES:
        if path.name.startswith(prefix):
            assert (path.name, verdict(path).kind) == (path.name, kind)


def test_recipients_and_codes_are_found_in_nineteen_of_twenty() -> None:
    misses = []
    total = 0
    for name, records in expected().items():
        failures = verdict(CORPUS / "bsd" / name).failures
        total += len(records)
        if len(failures) != len(records):
            misses += [f"{name}: {len(failures)} failures, not {len(records)}"] * len(records)
            continue
        for record, failure in zip(records, failures, strict=True):
            if complaints := wrong(record, failure):
                misses.append(f"{name}: {', '.join(complaints)}")
    assert len(misses) <= total * (1 - SHARE_MIN), "\n".join(misses)


def test_our_mail_is_found_wherever_the_report_has_its_id() -> None:
    """An id that stands in a mail below its own head is that of the returned mail."""
    misses = []
    for path in BOUNCES:
        body = path.read_bytes().replace(b"\r", b"").partition(b"\n\n")[2]
        has_id = re.search(rb"(?im)^message-id:\s*<[^<>\s]+@[^<>\s]+>", body)
        if has_id and not verdict(path).about:
            misses.append(path.name)
    assert not misses


@pytest.mark.skipif(not ORDINARY, reason=f"no folder {CORPUS / 'not'}")
def test_ordinary_mail_is_no_bounce() -> None:
    for path in ORDINARY:
        assert (path.name, verdict(path).kind) != (path.name, Kind.BOUNCE)


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.name)
def test_broken_mail_gets_a_verdict(path: Path) -> None:
    assert verdict(path).why
