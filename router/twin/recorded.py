"""Reads recorded contacts: a CSV with one row a contact, as most systems can write one.

Columns: `at` (local, 2026-11-23T09:14:05), `queue`, `channel`, `handle_s`; if there: `language`,
`waited_s`, `answered` (yes or no; nothing means yes).
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from router.core.model import SECOND, Channel, Instant, QueueId
from router.core.policy import Policy
from router.core.service_level import promise_of
from router.errors import PolicyError
from router.policy.complaints import Complaint, unknown
from router.twin.contacts import Contact
from router.twin.simulation import Ending, Result

NEEDED: Final = ("at", "queue", "channel", "handle_s")
ANSWERED: Final = {"": True, "yes": True, "no": False}
SHOWN_AT_MOST: Final = 20

T = TypeVar("T")


def read_recorded(path: Path, policy: Policy) -> list[Result]:
    """Return the contacts of the file.

    Raises:
        PolicyError: what is wrong, each as `file:line:column column: what, and the remedy`.
    """
    complaints: list[Complaint] = []
    results: list[Result] = []
    with path.open(encoding="utf-8-sig", newline="") as stream:
        table = csv.DictReader(stream)
        columns = table.fieldnames or []
        for missing in [name for name in NEEDED if name not in columns]:
            message = f"the column is missing; the first line names {', '.join(NEEDED)}"
            complaints.append(Complaint(str(path), 1, 1, missing, message))
        if not complaints:
            for row in table:
                reader = _Row(row, str(path), table.line_num, list(columns))
                result = reader.result(policy)
                complaints += reader.complaints
                results += [] if result is None else [result]
    if complaints:
        raise PolicyError("\n".join(str(each) for each in complaints[:SHOWN_AT_MOST]))
    return results


class _Row:
    """One line; every cell that cannot be read is complained about."""

    def __init__(
        self, row: Mapping[str, str | None], file: str, line: int, columns: list[str]
    ) -> None:
        self._row, self._file, self._line, self._columns = row, file, line, columns
        self.complaints: list[Complaint] = []

    def result(self, policy: Policy) -> Result | None:
        town = ZoneInfo(policy.time_zone)
        at = self._cell("at", lambda text: _instant(text, town), "write 2026-11-23T09:14:05")
        channel = self._cell("channel", Channel, f"write one of {', '.join(Channel)}")
        work_s = self._cell("handle_s", _seconds, "write seconds, 0 or more")
        waited_s = self._cell("waited_s", _seconds, "write seconds, 0 or more")
        answered = self._cell("answered", ANSWERED.__getitem__, "write yes or no")
        name = self._row.get("queue") or ""
        if name not in policy.queues:
            self._complain("queue", unknown("queue", name, policy.queues))
        if self.complaints or at is None or channel is None:
            return None
        contact = Contact(
            at=at,
            queue=QueueId(name),
            channel=channel,
            language=self._row.get("language") or policy.languages[0].id,
            work=max(1, round((work_s or 0.0) * SECOND)),
            patience=None if answered else round((waited_s or 0.0) * SECOND),
        )
        ending = Ending.ANSWERED if answered else Ending.GAVE_UP
        promise = promise_of(policy.queues[contact.queue], channel)
        waited = round((waited_s or 0.0) * SECOND)
        return Result(contact, ending, waited, promise.within, short=promise.short)

    def _cell(self, column: str, read: Callable[[str], T], remedy: str) -> T | None:
        text = (self._row.get(column) or "").strip()
        try:
            return read(text)
        except (KeyError, ValueError):
            self._complain(column, f"{text!r} cannot be read; {remedy}")
            return None

    def _complain(self, column: str, message: str) -> None:
        col = self._columns.index(column) + 1 if column in self._columns else 1
        self.complaints.append(Complaint(self._file, self._line, col, column, message))


def _instant(text: str, town: ZoneInfo) -> Instant:
    at = datetime.fromisoformat(text)
    return round((at if at.tzinfo else at.replace(tzinfo=town)).timestamp()) * SECOND


def _seconds(text: str) -> float:
    value = float(text or 0)
    if not 0 <= value < 1e9:
        raise ValueError(text)
    return value
