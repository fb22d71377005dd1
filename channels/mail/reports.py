"""Reports made for machines: delivery status (RFC 3464), receipts (RFC 8098), feedback (RFC 5965).

They are looked for by part, wherever it hangs: mail systems put them into multipart/mixed, too.
Nothing raises.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, NamedTuple

from channels.mail.addresses import parse_list
from channels.mail.charsets import decode
from channels.mail.encoded_words import one_line
from channels.mail.message import Attachment, Failure, Kind, Mail

REASON_MAX: Final = 500
FAILURES_MAX: Final = 1_000

_DELIVERY: Final = frozenset({"message/delivery-status", "message/global-delivery-status",
                              "message/delivery-report"})  # fmt: skip
_RECEIPT: Final = frozenset(
    {"message/disposition-notification", "message/global-disposition-notification"}
)
_FEEDBACK: Final = frozenset({"message/feedback-report"})
# Reports whose part is missing, by what the whole is called.
_REPORT_TYPES: Final = {
    "feedback-report": Kind.FEEDBACK,
    "disposition-notification": Kind.DELIVERED,
}
_REPORT_MAX: Final = 1 << 20  # bytes of one report that are read
_FIELD: Final = re.compile(r"([A-Za-z][\w-]*)[ \t]*:[ \t]*(.*)")
_TYPED: Final = re.compile(
    r"\s*(?:rfc[ -]?822|utf-?8|smtp|x-[\w-]+|dns|x400|unknown)\s*;\s*(.*)", re.I | re.S
)
STATUS: Final = re.compile(r"(?<![\d.])([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
# A code of three digits where servers write theirs: at the beginning, or after what announces it.
REPLY_CODE: Final = re.compile(
    r"(?:^|[\s:;(\[\"'<#=]|said:|\bSMTP[ -])([45][0-5]\d)(?=[\s\-:;,)#]|$)(?!\s*(?:days?|hours?"
    r"|bytes|kb|mb|minutes|seconds|recipients))",
    re.IGNORECASE | re.MULTILINE,
)
_BEHIND_CODE: Final = re.compile(r"(?<![\d.])[45][0-5]\d[ -]#?([245]\.\d{1,3}\.\d{1,3})(?!\.?\d)")
# "554 4.4.7 expired<421 4.4.2 timed out>": the reply that made a system give up.
_QUOTED_REPLY: Final = re.compile(r"<([45][0-5]\d) ([45]\.\d{1,3}\.\d{1,3}) [^<>]{1,300}>")
_VAGUE: Final = re.compile(r"[245]\.0\.0")


class Report(NamedTuple):
    """What a report says: what kind of mail it makes, for which reason, about whom."""

    kind: Kind
    why: str
    failures: tuple[Failure, ...] = ()


Fields = Mapping[str, str]


def find_report(mail: Mail) -> Report | None:
    """Return what the mail's reports say together, None when it has none."""
    kinds = {attachment.kind for attachment in mail.attachments}
    if feedback := kinds & _FEEDBACK:
        return Report(Kind.FEEDBACK, f"part {min(feedback)}")
    records = [
        record
        for attachment in mail.attachments
        if attachment.kind in _DELIVERY
        for record in recipients(attachment)
    ]
    if records:
        return _delivery(records[:FAILURES_MAX])
    if receipt := kinds & _RECEIPT:
        return Report(Kind.DELIVERED, f"part {min(receipt)}")
    content = dict(reversed(mail.headers)).get("content-type", "").lower()
    for name, kind in _REPORT_TYPES.items():
        if content.startswith("multipart/report") and f"report-type={name}" in content.replace(
            '"', ""
        ):
            return Report(kind, f"report-type={name}")
    if reported := kinds & _DELIVERY:
        return Report(Kind.BOUNCE, f"part {min(reported)} without recipients")
    return None


def recipients(attachment: Attachment) -> Iterator[Fields]:
    """Yield the fields of each recipient in a delivery report: lower-case name to value."""
    for record in records_of(attachment.body):
        if record.keys() & {"final-recipient", "original-recipient", "action", "status"}:
            yield record


def records_of(body: bytes) -> Iterator[Fields]:
    """Yield the groups of fields between empty lines; a recipient named again begins one, too."""
    record: dict[str, str] = {}
    last = ""
    for line in decode(body[:_REPORT_MAX], "")[0].split("\n"):
        match = _FIELD.match(line)
        if line[:1] in (" ", "\t") and line.strip() and last:
            record[last] += line if len(record[last]) < REASON_MAX * 10 else ""
        elif match is not None:
            last = match[1].lower()
            if last == "final-recipient" and last in record:
                yield record
                record = {}
            record.setdefault(last, match[2].strip())
        elif not line.strip():
            if record:
                yield record
            record, last = {}, ""
    if record:
        yield record


def diagnosis(status: str, text: str) -> tuple[str, str]:
    """Return status ("5.1.1") and reply code ("550") out of a status field and server's words.

    The status a server put behind its reply code goes first: the field was made by the system
    that reports, and 5.0.0 there says nothing.
    """
    if remote := _QUOTED_REPLY.search(text):
        return remote[2], remote[1]
    behind = _BEHIND_CODE.findall(text)
    said = STATUS.findall(text)
    own = STATUS.search(status)
    candidates = [*behind, *((own[1],) if own else ()), *said]
    telling = (found for found in candidates if not _VAGUE.fullmatch(found))
    code = REPLY_CODE.search(text)
    best = next(telling, candidates[0] if candidates else "")
    return (own[1] if own and _VAGUE.fullmatch(best) else best), code[1] if code else ""


def permanence(status: str, reply_code: str) -> bool | None:
    """Return True for class 5, False for class 4, None when neither code is known."""
    first = (status or reply_code)[:1]
    return {"5": True, "4": False}.get(first)


def reason_of(text: str) -> str:
    """Return the words of a server on one line of at most 500 characters."""
    return one_line(text)[:REASON_MAX].rstrip()


def untyped(value: str) -> str:
    """Return what follows the type in `rfc822; somebody@example.org`."""
    match = _TYPED.fullmatch(value)
    return (match[1] if match else value).strip()


def _delivery(records: list[Fields]) -> Report:
    actions = [_action(record) for record in records]
    failed = [_failure(record, action) for record, action in zip(records, actions, strict=True)
              if action in ("failed", "delayed")]  # fmt: skip
    for action, kind in (("failed", Kind.BOUNCE), ("delayed", Kind.DELAY)):
        if action in actions:
            return Report(kind, f"delivery report action: {action}", tuple(failed))
    return Report(Kind.DELIVERED, f"delivery report action: {actions[0]}")


def _action(record: Fields) -> str:
    """Return failed, delayed, or the word that stands there; the status decides when none does."""
    word = re.split(r"[^a-z]", record.get("action", "").strip().lower())[0]
    if word.startswith(("fail", "expire", "error", "reject", "bounce", "deny", "denied")):
        return "failed"
    if word.startswith(("delay", "defer", "retry", "warn")):
        return "delayed"
    if word in ("delivered", "relayed", "expanded"):
        return word
    return "delivered" if record.get("status", "").strip().startswith("2") else "failed"


def _failure(record: Fields, action: str) -> Failure:
    diagnostic = untyped(record.get("diagnostic-code", ""))
    field = record.get("status", "")
    status, code = diagnosis(field, diagnostic)
    return Failure(
        recipient=_recipient(record),
        status=status,
        reply_code=code,
        reason=reason_of(diagnostic or field.partition(" ")[2].strip("() ")),
        is_permanent=False if action == "delayed" else permanence(status, code),
    )


def _recipient(record: Fields) -> str:
    """Return whom we wrote to: the original recipient where the report keeps it."""
    for name in ("original-recipient", "final-recipient", "x-actual-recipient"):
        found = parse_list(untyped(record.get(name, "")))
        if found:
            return found[0].address
    return untyped(record.get("final-recipient", "")).strip("<> ")[:REASON_MAX]
