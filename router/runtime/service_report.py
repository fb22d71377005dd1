"""The service level of one day as rows: by queue, by channel or by interval, by one formula or all.

Counts are added up, then shares are computed: a share of shares is never taken.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from typing import Final, NamedTuple, TextIO

from router.core import first_response
from router.core.entries import Entry, counts_of, judged
from router.core.formulas import (
    CURRENT,
    FORMULAS,
    GONE,
    LATE_RESULTS,
    OF_TEXTS,
    THRESHOLD,
    Counts,
    Figure,
    Formula,
    ended,
    figure,
    offered,
)
from router.core.model import SECOND, Channel, Instant, QueueId
from router.core.service_level import promise_of as promise_of_channel
from router.core.text_level import CHANNELS_OF_TEXTS
from router.errors import UnknownTarget
from router.ports import Journal
from router.runtime.entry_reader import entries_between, past_policies, texts_between
from router.runtime.report_choices import ALL, OWN, By

SEVERAL: Final = "several"


class Line(NamedTuple):
    """One row of the report; its fields are the columns of the CSV file."""

    day: str  # ISO date in the town
    queue: str  # "" = all queues
    channel: str
    interval: str  # "10:15-0500"; "" = the whole day
    formula: str  # name and version, or "several"
    level: float | None  # 0..1
    met: int
    looked_at: int
    target_share: float | None  # None: of several queues with different promises
    answer_within_s: int | None
    offered: int
    answered_in: int
    answered_late: int
    abandoned_short: int
    abandoned_in: int
    abandoned_late: int
    callbacks: int
    left_otherwise: int
    lost: int
    error: int
    abandoned_share: float | None  # gave up, but not at once / offered, but for those
    definition: str
    closed: int  # texts, without an answer
    first_response: str  # what is promised to those who write, as written; "" = to nobody
    overdue: int  # waited until the promised time was over, whatever came then
    waiting: int  # calls and chats that are overdue and wait still


class Promised(NamedTuple):
    """By what an entry is judged."""

    formula: str  # name and version
    share: float | None
    within_s: int | None
    first_response: str = ""


class Report(NamedTuple):
    """A day's rows, and whether the day is over."""

    day: date
    lines: tuple[Line, ...]
    is_over: bool


Key = tuple[str, Channel, str]  # queue or "", channel, interval or ""


def formulas_named(name: str) -> tuple[Formula | None, ...]:
    """Return the formulas to compute; None stands for each queue's own.

    Raises:
        UnknownTarget: there is no such formula.
    """
    if name == OWN:
        return (None,)
    if name == ALL:
        return tuple({**CURRENT, **OF_TEXTS}.values())
    found = FORMULAS.get(name) or CURRENT.get(name) or OF_TEXTS.get(name)
    if found is None:
        names = ", ".join(dict.fromkeys((*CURRENT, *OF_TEXTS)))
        raise UnknownTarget(f"no formula {name!r}; formulas are all, {names}")
    return (found,)


async def report(
    journal: Journal,
    day: date | None,
    by: By,
    formula: str,
    now: Instant,
    within_s: int | None = None,
) -> Report:
    """Return the report of the day, today if none is given.

    Where practice runs ahead of the clock, it is as late as the journal says. `within_s` judges
    the same entries as if so many seconds had been promised, to no share of them; texts, whose
    promise is one of business time, are left out.

    Calls and chats are those that began on the day. Of texts it is what was counted on the day,
    whenever they were received: a day that is over stays as it is.

    Raises:
        UnknownTarget: no such formula; the journal is empty, or begins after the day did.
        InvariantBroken: the journal cannot be read.
    """
    formulas = formulas_named(formula)
    past = await past_policies(journal)
    now = max(now, past.until)
    day = day or past.local(now).date()
    past.check_kept(day)
    begin, end = past.bounds(day)

    def promise_of(entry: Entry) -> Promised:
        rule = past.rule(entry.queue, end)
        promise = promise_of_channel(rule, entry.channel)
        if entry.channel in CHANNELS_OF_TEXTS:
            written = first_response.promise_of(rule, entry.channel).written
            return Promised(promise.formula, promise.share, None, written)
        if within_s is not None:
            return Promised(promise.formula, None, within_s)
        return Promised(promise.formula, promise.share, promise.within // SECOND)

    def label_of(entry: Entry) -> str:
        local = past.local(entry.interval)
        other = "" if local.date() == day else f"{local.date().isoformat()} "
        return f"{other}{local:%H:%M%z}"

    entries = await entries_between(journal, begin, end)
    if within_s is not None:
        entries = [judged(each, within_s * SECOND) for each in entries]
    else:
        entries += await texts_between(journal, begin, end)
    lines = lines_of(entries, day.isoformat(), by, formulas, promise_of, label_of)
    return Report(day, tuple(lines), now >= end)


def lines_of(
    entries: Iterable[Entry],
    day: str,
    by: By,
    formulas: Sequence[Formula | None],
    promise_of: Callable[[Entry], Promised],
    label_of: Callable[[Entry], str],
) -> Iterator[Line]:
    """Yield the rows, sorted by queue, channel and interval, then in the order of the formulas."""
    groups: dict[Key, dict[QueueId, list[Entry]]] = defaultdict(lambda: defaultdict(list))
    for entry in entries:
        if entry.results:  # else it waits, and is not late yet
            queue = "" if by is By.CHANNEL else entry.queue
            label = label_of(entry) if by is By.INTERVAL else ""
            groups[queue, entry.channel, label][entry.queue].append(entry)
    for (queue, channel, label), of_queue in sorted(groups.items()):
        parts = [(promise_of(mine[0]), counts_of(mine)) for mine in of_queue.values()]
        known = OF_TEXTS if channel in CHANNELS_OF_TEXTS else CURRENT
        for formula in (x for x in formulas if x is None or x.name in known):
            yield _line((day, queue, channel.value, label), parts, formula)


def _line(
    place: tuple[str, str, str, str],
    parts: Sequence[tuple[Promised, Counts]],
    formula: Formula | None,
) -> Line:
    used = [formula or FORMULAS[promise.formula] for promise, _ in parts]
    figures = [figure(each, counts) for each, (_, counts) in zip(used, parts, strict=True)]
    total = Figure(sum(x.met for x in figures), sum(x.looked_at for x in figures))
    same = used[0] if len(set(used)) == 1 else None
    promises = {promise[1:] for promise, _ in parts}
    share, within, written = promises.pop() if len(promises) == 1 else (None, None, "")

    def counted(result: str) -> int:
        return sum(counts.get(result, 0) for _, counts in parts)

    def whole(*endings: str) -> int:
        return sum(ended(counts, each) for _, counts in parts for each in endings)

    gave_up = counted("abandoned") + counted("abandoned-late")
    is_text = place[2] in CHANNELS_OF_TEXTS  # overdue on one day and written on another
    late = sum(counted(each) for each in LATE_RESULTS)
    waiting = 0 if is_text else counted(THRESHOLD) - late
    stayed = sum(offered(counts) for _, counts in parts) - counted("abandoned-short")
    return Line(
        *place,
        formula=same.id if same else SEVERAL,
        level=total.level,
        met=total.met,
        looked_at=total.looked_at,
        target_share=share,
        answer_within_s=within,
        offered=sum(offered(counts) for _, counts in parts),
        answered_in=counted("answered"),
        answered_late=counted("answered-late"),
        abandoned_short=counted("abandoned-short"),
        abandoned_in=counted("abandoned"),
        abandoned_late=counted("abandoned-late"),
        callbacks=whole("callback"),
        left_otherwise=whole(*GONE),
        lost=whole("lost"),
        error=whole("error"),
        abandoned_share=round(gave_up / stayed, 6) if stayed else None,
        definition=same.definition if same else "each queue by its own formula",
        closed=whole("closed"),
        first_response=written,
        overdue=counted(THRESHOLD),
        waiting=waiting,
    )


def write_csv(lines: Sequence[Line], file: TextIO) -> None:
    """Write the rows with a head; levels with six digits, nothing where nothing was counted."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(Line._fields)
    for line in lines:
        level = "" if line.level is None else f"{line.level:.6f}"
        writer.writerow("" if x is None else x for x in line._replace(level=level))  # type: ignore[arg-type]
