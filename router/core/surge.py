"""Surge and messages in front of every call: switched by a person, always with an end.

A surge changes nothing of the policy: it lets hold what the policy's `surge` declares. Its end, by
hand or by time, is all there is to undo.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_hours as h
from router.core import events as e
from router.core.flows.walk import front_messages
from router.core.model import DAY, Instant, ItemId, Span, Tempo
from router.core.state import State
from router.core.state_town import SURGE
from router.errors import NotAllowed, NotNow, UnknownTarget

ANNOUNCED_MAX: Final[Span] = 31 * DAY  # what is heard for longer belongs into the policy
MESSAGES_MAX: Final = 5  # at once: callers would hear nothing else
BY_ITSELF: Final = "so many were waiting"
BY_TIME: Final = "its end was set"
_HERE: Final = (Tempo.LIVE, Tempo.FAST_TEXT)

Events = Iterator[e.Event]


# --- surge ---------------------------------------------------------------------------------------


def begin(s: State, now: Instant, c_: h.BeginSurge) -> Events:
    """Switch it on, or set another end.

    Raises:
        NotAllowed: the policy declares no surge, or none for so long.
        NotNow: its end lies behind.
    """
    rule = s.policy.surge
    if rule is None:
        raise NotAllowed("the policy declares no surge; add `surge` to config/fallback.yaml")
    if c_.until <= now:
        raise NotNow("the surge would have ended before now; its end must lie ahead")
    if c_.until - now > rule.lasts_max:
        most = rule.lasts_max / 3.6e12
        raise NotAllowed(f"longer than `lasts_max` of the policy's surge: {most:.0f} h at most")
    yield from _begin(s, now, c_.until, c_.reason, c_.by)


def _begin(s: State, now: Instant, until: Instant, reason: str, by: str) -> Events:
    is_new = SURGE not in s.surges
    yield e.SurgeBegun(at=now, until=until, reason=reason, by=by)
    rule = s.policy.surge
    if rule is None or not is_new:
        return
    for queue in rule.first:  # those who wait there already
        for _, name in list(s.index.line(queue, Tempo.LIVE)):
            item = s.items[ItemId(name)]
            yield e.ItemPrioritised(
                at=now,
                item=item.id,
                head_start=item.head_start,
                urgency_at=item.urgency_at - rule.head_start,
                rule=f"surge: {reason}",
            )


def end(s: State, now: Instant, c_: h.EndSurge) -> Events:
    """Switch it off; there may be none."""
    if SURGE in s.surges:
        yield e.SurgeEnded(at=now, by=c_.by)


def ended_by_time(s: State, now: Instant, _: str) -> Events:
    """Its end has come."""
    yield e.SurgeEnded(at=now, by=BY_TIME)


def begin_by_itself(s: State, now: Instant) -> Events:
    """Begin where the policy says so: so many wait."""
    rule = s.policy.surge
    if rule is None or not rule.begins_at or SURGE in s.surges:
        return
    waiting = sum(len(s.index.line(queue, t)) for queue in s.policy.queues for t in _HERE)
    if waiting >= rule.begins_at:
        yield from _begin(s, now, now + rule.lasts, f"{waiting} wait", BY_ITSELF)


# --- messages ------------------------------------------------------------------------------------


def announce(s: State, now: Instant, c_: h.AnnounceMessage) -> Events:
    """Put a message in front of every call.

    Raises:
        NotNow: its end lies behind, or before its beginning.
        NotAllowed: too long, too many, or without a word.
        UnknownTarget: a language or a number that the town does not have.
    """
    policy, since = s.policy, now if c_.since is None else c_.since
    if c_.until <= max(now, since):
        raise NotNow("nobody would ever hear it: it ends before it begins, or before now")
    if c_.until - now > ANNOUNCED_MAX:
        raise NotAllowed("heard for more than 31 days: put it into config/announcements.yaml")
    if c_.id not in s.notices and len(s.notices) >= MESSAGES_MAX:
        raise NotAllowed(f"{MESSAGES_MAX} messages are heard already; withdraw one first")
    known = [each.id for each in policy.languages]
    for language in c_.text:
        if language not in known:
            raise UnknownTarget(f"no language {language!r}; languages are {', '.join(known)}")
    for number in c_.numbers:
        if number not in policy.numbers:
            raise UnknownTarget(f"no number {number!r}; numbers are {', '.join(policy.numbers)}")
    text = tuple((each, c_.text[each]) for each in known if c_.text.get(each, "").strip())
    if not text:
        raise NotAllowed("a message without a word; write what callers shall hear")
    yield e.MessageAnnounced(
        at=now, id=c_.id, text=text, since=since, until=c_.until, numbers=c_.numbers, by=c_.by
    )


def withdraw(s: State, now: Instant, c_: h.WithdrawMessage) -> Events:
    """Take a message back. Raises `UnknownTarget` when there is none."""
    if c_.id not in s.notices:
        heard = ", ".join(s.notices) or "none"
        raise UnknownTarget(f"no message {c_.id!r} is announced; announced are: {heard}")
    yield e.MessageWithdrawn(at=now, id=c_.id, by=c_.by)


def withdrawn_by_time(s: State, now: Instant, name: str) -> Events:
    """Its end has come."""
    yield e.MessageWithdrawn(at=now, id=name, by=BY_TIME)


def heard_first(s: State, now: Instant, called: str) -> list[str]:
    """Return the trail entries of what a caller of this number hears before anything else."""
    rule = s.policy.surge
    return [
        *(["#surge"] if SURGE in s.surges and rule is not None and rule.text else []),
        *(
            f"#notice:{row.id}"
            for row in s.notices.values()
            if row.since <= now < row.until and (not row.numbers or called in row.numbers)
        ),
        *front_messages(s.policy, now, called),
        *(["#listening"] if s.policy.listening is not None and s.policy.listening.text else []),
    ]
