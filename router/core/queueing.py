"""Getting in line: requirement, urgency and steps.

Urgency is an instant: when the item is due (first queued plus the service-level target for a
person on the line, the first-response instant for text) less its head start. The first-entry time
survives every return to the queue. Who has missed the target ranks later by what the queue says
(`late_behind`), if it says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import events as e
from router.core.buckets import NAMED
from router.core.crowding import surge_head_start
from router.core.first_response import due_at
from router.core.hours import Emergency
from router.core.last_agent import kept_for
from router.core.minimums import begun
from router.core.model import (
    HOUR,
    MINUTE,
    AgentId,
    AgentOrder,
    Channel,
    Condition,
    Form,
    Instant,
    ItemState,
    QueueId,
    Span,
    Tempo,
)
from router.core.policy import Queue
from router.core.records import Item
from router.core.service_level import threshold_at
from router.core.state import State
from router.core.steps import (
    head_start_of,
    open_steps,
    timed_steps,
)
from router.errors import UnknownTarget

URGENT: Final[Span] = HOUR  # head start of what a fallback rule marks as urgent

RESERVED_MAX: Final[dict[Tempo, Span]] = {  # then what was kept for one agent is for anyone
    Tempo.LIVE: MINUTE,
    Tempo.FAST_TEXT: 2 * MINUTE,
    Tempo.SLOW_TEXT: 4 * HOUR,
}
AGE_SHIFT: Final = 20  # a millionth of the age decides between those due at the same instant
GIVEN_AWAY: Final[Span] = MINUTE  # an agent who transferred an item is not offered it for so long

Events = Iterator[e.Event]

TEMPO_OF: Final = {
    Form.CALL: Tempo.LIVE,
    Form.CALLBACK: Tempo.LIVE,
    Form.MESSAGE: Tempo.SLOW_TEXT,
    Form.SUBMISSION: Tempo.SLOW_TEXT,
    Form.MAIL: Tempo.SLOW_TEXT,
    Form.CHAT: Tempo.FAST_TEXT,
}
# what becomes of an item that is kept for people: by the door it came through
KEPT_AS: Final = {Channel.WEBFORM: Form.SUBMISSION, Channel.MAIL: Form.MAIL}


def queue_of(s: State, item: Item) -> Queue:
    """Return the item's queue; where there is none (any more), that of its door, or the first."""
    queue = s.policy.queues.get(item.queue) if item.queue is not None else None
    return queue if queue is not None else _queue_of_door(s, item)


def queue_named(s: State, name: QueueId | None) -> Queue:
    """Return the queue that somebody asks for. Errors: `UnknownTarget`."""
    queue = s.policy.queues.get(name) if name is not None else None
    if queue is None:
        raise UnknownTarget(f"no queue {name!r}; queues are {', '.join(s.policy.queues)}")
    return queue


def _queue_of_door(s: State, item: Item) -> Queue:
    policy = s.policy
    box = policy.mail.mailboxes.get(item.called) if policy.mail is not None else None
    door = policy.chat.doors.get(item.called) if policy.chat is not None else None
    form = policy.forms.get(item.called)
    by_channel = {Channel.MAIL: box, Channel.CHAT: door, Channel.WEBFORM: form}
    entry = by_channel.get(item.channel)
    first = next(iter(policy.queues.values()))
    return first if entry is None else policy.queues.get(entry.queue, first)


def emergency_of(s: State, hours: str) -> Emergency | None:
    """Return the emergency rule in force for these hours."""
    row = s.emergencies.get(hours)
    if row is None:
        return None
    return Emergency(closed=row.closed, since=row.since, until=row.until, reason=row.reason)


def requirement_at(
    s: State, item: Item, queue: Queue, step: int, held: tuple[int, ...] = ()
) -> str:
    """Return the bound requirement after a step; `held`: those with a condition that count."""
    return s.index.asked_for.text(s.policy, item, queue, step, held)


def kept_of(s: State, item: Item, queue: Queue) -> tuple[int, ...]:
    """Return the steps with a condition that the item keeps, whatever holds now."""
    row = s.kept.get(item.id)
    if row is None or row.queue != queue.id:
        return ()
    steps = queue.steps
    return tuple(n for n in row.steps if n <= len(steps) and steps[n - 1].condition is not None)


def held_steps(s: State, item: Item, queue: Queue) -> tuple[int, ...]:
    """Return the steps with a condition that count for the item now: open, or kept."""
    holds = s.conditions_row(queue.id, item.tempo).conditions
    return (*open_steps(queue, item.step, holds), *kept_of(s, item, queue))


def offers_callback(s: State, item: Item, queue: Queue) -> bool:
    """Say whether a step offers a callback to who waits, by its time or a condition."""
    steps = queue.steps[: item.step]
    if not any(step.offers_callback for step in steps):
        return False
    held = held_steps(s, item, queue)
    return any(
        step.offers_callback and (step.condition is None or number in held)
        for number, step in enumerate(steps, 1)
    )


def line_up(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    *,
    form: Form,
    first_queued_at: Instant,
    rule: str,
    head_start: Span = 0,
    anew: bool = True,
    named: str = "",
    named_span: Span = 0,
    not_to: AgentId | None = None,
) -> Events:
    """Put the item in line, whatever the conditions; steps already due are taken at once.

    `anew`: the entry counts for the service level; else what was begun goes on. `named`: a
    requirement "@agent" that stands until that agent does not take it or `named_span` is over (0:
    as long as anything of that tempo is kept). `not_to`: who gave it away, and is passed over.
    """
    tempo = TEMPO_OF[form]
    anew = anew or item.queue != queue.id  # its own queue is gone
    own_start = item.head_start + head_start
    ahead = own_start + queue.head_start + surge_head_start(s, queue)
    last = None if named or not anew else _last_agent(s, item, queue, tempo)
    if last not in (None, not_to):
        named, named_span = f"{NAMED}{last}", queue.last_agent_patience
        rule = f"{rule}; kept for {last}, who had the resident last"
    due = _due(s, item, queue, first_queued_at) if tempo is Tempo.SLOW_TEXT else None
    step = step_by_age(queue, now, first_queued_at)
    kept = kept_of(s, item, queue)
    if step or kept:
        ahead += head_start_of(queue, {*kept, *timed_steps(queue, 0, step)})
    late_behind = 0 if tempo is Tempo.SLOW_TEXT else queue.late_behind
    yield e.ItemQueued(
        at=now,
        item=item.id,
        queue=queue.id,
        form=form,
        tempo=tempo,
        first_queued_at=first_queued_at,
        urgency_at=_aim(item, queue, first_queued_at, due) - ahead,
        head_start=own_start,
        requirement=named or requirement_at(s, item, queue, step, kept),
        step=step,
        step_due=None if named else due_of_step(queue, now, first_queued_at, step),
        threshold_at=threshold_at(now, item, queue, form, due, anew=anew),
        due_at=due,
        late_at=late_at(now, item, queue, form, due, anew=anew),
        rule=rule,
        passed_over=() if not_to is None else ((not_to, now + GIVEN_AWAY),),
        entered_at=now if anew else None,
        reserved_until=now + (named_span or RESERVED_MAX[tempo]) if named else None,
        fresh_until=fresh_until(s, now, item, queue, anew=anew) if late_behind else None,
        late_behind=late_behind,
        paces=begun(s, now, queue.id, tempo) if s.policy.minimums else (),
    )
    if not named:
        yield from skip_hopeless_steps(s, now, s.items[item.id], queue)


def _due(s: State, item: Item, queue: Queue, first_queued_at: Instant) -> Instant | None:
    """Return the promise of a text; elsewhere somebody waits there and then."""
    return item.due_at or due_at(s, first_queued_at, queue, item.channel)


def _aim(item: Item, queue: Queue, first_queued_at: Instant, due: Instant | None) -> Instant:
    urgent = item.text is not None and item.text.urgent  # as if somebody were on the line
    if due is None or urgent:
        return first_queued_at + queue.target_span
    return due + ((first_queued_at - due) >> AGE_SHIFT)


def _last_agent(s: State, item: Item, queue: Queue, tempo: Tempo) -> AgentId | None:
    if AgentOrder.LAST_AGENT not in queue.agent_order:
        return None
    asks = [requirement_at(s, item, queue, step) for step in range(len(queue.steps) + 1)]
    return kept_for(s, item, tempo, asks)


def step_by_age(queue: Queue, now: Instant, first_queued_at: Instant) -> int:
    """Return the step that the item's age allows."""
    age, taken = now - first_queued_at, 0
    for step in queue.steps:
        taken += step.after <= age
    return taken


def due_of_step(queue: Queue, now: Instant, first_queued_at: Instant, step: int) -> Instant | None:
    """Return when the step after `step` is due; None after the last one, which stands for good."""
    if step >= len(queue.steps):
        return None
    return max(now, first_queued_at + queue.steps[step].after)


def late_at(
    now: Instant, item: Item, queue: Queue, form: Form, due: Instant | None, *, anew: bool
) -> Instant | None:
    """Return when who waits has waited for too long; None: never, or it is over already.

    Of calls and chats that is the longest wait, which a talk with an agent begins anew; of texts it
    is when the first answer is `due`, where a chain follows, once, or when an agent gives it back.
    """
    if TEMPO_OF[form] is Tempo.SLOW_TEXT:
        if due is None or Condition.LATE not in queue.fates:
            return None
        unnoted = item.late_at is not None or item.state is ItemState.HANDLING
        return due if due > now else now if unnoted and not anew else None
    if not queue.wait_max or form is Form.CALLBACK:
        return None
    if anew or item.entered_at is None or item.service_level.startswith("answered"):
        return now + queue.wait_max
    return max(now, item.entered_at + queue.wait_max)


def fresh_until(s: State, now: Instant, item: Item, queue: Queue, *, anew: bool) -> Instant:
    """Return until when an agent must be found to keep the target.

    The telephones of agents ring for a while before somebody is answered: so much earlier.
    """
    entered = now if anew or item.entered_at is None else item.entered_at
    row = s.queues.get(queue.id)
    rings = min(row.ring_mean, queue.target_span // 2) if row is not None else 0
    return entered + queue.target_span - rings


def take_step(
    s: State,
    now: Instant,
    item: Item,
    queue: Queue,
    rule: str,
    step: int | None = None,
    kept: tuple[int, ...] | None = None,
) -> Events:
    """Let a step stand: the next one unless `step` says which.

    `kept`: all steps with a condition that the item keeps from now on; None: those it has kept.
    """
    step = min(item.step + 1, len(queue.steps)) if step is None else step
    first = item.first_queued_at if item.first_queued_at is not None else now
    had = kept_of(s, item, queue)
    kept = had if kept is None else kept
    lift = head_start_of(queue, {*timed_steps(queue, item.step, step), *kept}.difference(had))
    yield e.StepTaken(
        at=now,
        item=item.id,
        step=step,
        requirement=requirement_at(s, item, queue, step, kept),
        step_due=due_of_step(queue, now, first, step),
        rule=rule,
        kept=kept,
        urgency_at=item.urgency_at - lift if lift else None,
    )


def release_reserved(s: State, now: Instant, item: Item, rule: str) -> Events:
    """Let anyone have what was kept for one agent."""
    queue = queue_of(s, item)
    first = item.first_queued_at if item.first_queued_at is not None else now
    step = max(item.step, step_by_age(queue, now, first))
    yield from take_step(s, now, item, queue, rule, step=step)
    yield from skip_hopeless_steps(s, now, s.items[item.id], queue)


def look_again(s: State, now: Instant, item: Item, rule: str) -> Events:
    """Give an item in line what queue, age and policy ask for today; a step taken stays taken."""
    if item.queue not in s.policy.queues:
        yield from requeue(s, now, item, f"queue {item.queue} no longer exists", anew=True)
        return
    if item.reserved_for is not None:  # staffing lets go what is kept for somebody who is gone
        return
    queue = queue_of(s, item)
    first = item.first_queued_at if item.first_queued_at is not None else now
    step = min(max(item.step, step_by_age(queue, now, first)), len(queue.steps))
    requires = requirement_at(s, item, queue, step, kept_of(s, item, queue))
    asks = (requires, step, due_of_step(queue, now, first, step))
    if asks != (item.requirement, item.step, item.step_due):
        yield from take_step(s, now, item, queue, rule, step=step)
    yield from skip_hopeless_steps(s, now, s.items[item.id], queue)


def skip_hopeless_steps(s: State, now: Instant, item: Item, queue: Queue) -> Events:
    """Relax at once while nobody signed in could ever match, if a later step has somebody.

    Steps with a condition count as if it held, and are kept: nobody else can come of waiting.
    """
    if item.state is not ItemState.QUEUED or item.reserved_for is not None:
        return
    if not s.index.signed_in or s.index.has_somebody(item.requirement, item.tempo):
        return
    had = kept_of(s, item, queue)
    for step in range(item.step, len(queue.steps) + 1):
        reached = range(1, step + 1)
        more = [n for n in reached if queue.steps[n - 1].condition is not None]
        for kept in dict.fromkeys((had, tuple(sorted({*had, *more})))):
            asks = requirement_at(s, item, queue, step, kept)
            if s.index.has_somebody(asks, item.tempo):
                yield from _skip_to(s, now, item, queue, step, kept)
                return


def _skip_to(
    s: State, now: Instant, item: Item, queue: Queue, step: int, kept: tuple[int, ...]
) -> Events:
    rule = "nobody signed in could match the step before"
    while s.items[item.id].step < step:
        yield from take_step(s, now, s.items[item.id], queue, rule)
    if kept != kept_of(s, item, queue):
        yield from take_step(s, now, s.items[item.id], queue, rule, step=step, kept=kept)


def requeue(s: State, now: Instant, item: Item, rule: str, *, anew: bool = False) -> Events:
    """Put an item back in line at its old place; `anew` as in `line_up`."""
    yield from line_up(
        s,
        now,
        item,
        queue_of(s, item),
        form=item.form,
        first_queued_at=item.first_queued_at or item.received_at,
        rule=rule,
        anew=anew,
    )
