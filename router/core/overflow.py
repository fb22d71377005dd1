"""Those who wait where there is no room for them any more, or nobody who speaks their language.

A queue's limit can fall while people wait: the policy lowers it, or `length_per_agent` follows the
staff. Who came last goes first, because those before them have waited for what they were promised.
A language gap must last for the queue's `absence` before it sends anybody on, as ADR 0019 has it
for the queue as a whole.
"""

from __future__ import annotations

from collections.abc import Iterator

from router.core import events as e
from router.core.conditions import conditions
from router.core.crowding import gap_of, gaps_of, limit_of
from router.core.model import Condition, Form, Instant, ItemId, Tempo
from router.core.policy import Policy, Queue
from router.core.records import Item
from router.core.staffing import WAITS_THERE, divert_waiting, staff_of
from router.core.state import State
from router.core.steps import skill_of
from router.core.tempos import key_of, tempos_of

Events = Iterator[e.Event]


def follow_staff(s: State, now: Instant) -> Events:
    """Compare limits and languages with who is there; called when that has changed."""
    tempos = tempos_of(s.policy)
    for queue in s.policy.queues.values():
        for tempo in WAITS_THERE.values() if queue.length_per_agent else ():
            if tempo in tempos:
                yield from _update_limit(s, now, queue, tempo)
        for tempo in Tempo:
            if tempo in tempos and Condition.NO_LANGUAGE in queue.fates:
                yield from _update_gaps(s, now, queue, tempo)
            else:
                for row in gaps_of(s, queue, tempo):
                    yield e.LanguageGapLeft(
                        at=now, queue=row.queue, skill=row.skill, tempo=row.tempo
                    )


# --- full ----------------------------------------------------------------------------------------


def _update_limit(s: State, now: Instant, queue: Queue, tempo: Tempo) -> Events:
    """Where nobody is there the limit stays: that is another condition, with its own fate."""
    there = max(staff_of(s, queue, each, tempo)[1] for each in s.policy.languages)
    row = s.limits.get(key_of(queue.id, tempo))
    length = there * queue.length_per_agent
    if not there or (row is not None and row.length == length):
        return
    yield e.QueueLimited(at=now, queue=queue.id, length=length, tempo=tempo)
    if row is not None and length < row.length:
        yield from send_on_excess(s, now, queue, tempo)


def limits_fell(s: State, now: Instant, before: Policy) -> Events:
    """A policy was adopted: where it allows fewer to wait, the excess is sent on."""
    for queue in s.policy.queues.values():
        was = before.queues.get(queue.id)
        if was is None or not queue.length_max:
            continue
        if not was.length_max or queue.length_max < was.length_max:
            for tempo in WAITS_THERE.values():
                yield from send_on_excess(s, now, queue, tempo)


def send_on_excess(s: State, now: Instant, queue: Queue, tempo: Tempo) -> Events:
    """Send on as many as are too many, the newest first, along the chain for `full`."""
    chain, limit = queue.fates.get(Condition.FULL), limit_of(s, queue, tempo)
    if chain is None or not limit:
        return
    line = [s.items[ItemId(name)] for _, name in s.index.line(queue.id, tempo)]
    excess = len(line) - limit
    if excess <= 0:
        return
    newest = sorted((i for i in line if i.form in WAITS_THERE), key=_came, reverse=True)
    for item in newest[:excess]:
        yield from divert_waiting(s, now, s.items[item.id], queue, Condition.FULL, chain)


def _came(item: Item) -> tuple[Instant, str]:
    return item.first_queued_at or item.received_at, item.id


# --- languages -----------------------------------------------------------------------------------


def _update_gaps(s: State, now: Instant, queue: Queue, tempo: Tempo) -> Events:
    staffed = {each.skill: staff_of(s, queue, each, tempo)[0] > 0 for each in s.policy.languages}
    for skill, somebody in staffed.items():
        row = gap_of(s, queue, skill, tempo)
        missing = not somebody and any(staffed.values())
        if missing and row is None:
            lasts_at = now + queue.absence if queue.absence and s.agents else None
            yield e.LanguageGapEntered(
                at=now, queue=queue.id, skill=skill, lasts_at=lasts_at, tempo=tempo
            )
            if lasts_at is None:
                yield from _send_on_speakers(s, now, queue, skill, tempo)
        elif not missing and row is not None:
            yield e.LanguageGapLeft(at=now, queue=queue.id, skill=skill, tempo=tempo)


def gap_lasted(s: State, now: Instant, key: str) -> Events:
    """Nobody has spoken the language for long enough: those who wait follow the fate."""
    row = s.gaps[key]
    yield e.LanguageGapLasted(at=now, queue=row.queue, skill=row.skill, tempo=row.tempo)
    queue = s.policy.queues.get(row.queue)
    if queue is not None:
        yield from _send_on_speakers(s, now, queue, row.skill, row.tempo)


def _send_on_speakers(s: State, now: Instant, queue: Queue, skill: str, tempo: Tempo) -> Events:
    chain = queue.fates.get(Condition.NO_LANGUAGE)
    if chain is None:
        return
    for _, name in list(s.index.line(queue.id, tempo)):
        item = s.items[ItemId(name)]
        if item.form is Form.CALLBACK or skill_of(s.policy, item.language) != skill:
            continue
        if Condition.NO_LANGUAGE in conditions(s, now, item, queue):
            yield from divert_waiting(s, now, item, queue, Condition.NO_LANGUAGE, chain)
