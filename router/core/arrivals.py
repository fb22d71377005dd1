"""Contacts coming in: calls, forms, what we could not decide, and what is opened again."""

from __future__ import annotations

from collections.abc import Iterator

from router.core import commands as c
from router.core import events as e
from router.core.callbacks import closed
from router.core.fallback import enter_queue
from router.core.flows.advance import arrive
from router.core.flows.walk import Walk, go
from router.core.model import (
    ENDED,
    Channel,
    Form,
    Instant,
    ItemId,
    ItemState,
    Tempo,
)
from router.core.queueing import KEPT_AS, line_up, queue_of
from router.core.records import Item
from router.core.state import State
from router.core.surge import heard_first
from router.core.threads import goes_on_elsewhere, opened_again
from router.core.wished_callbacks import check_wish, wished
from router.errors import NotNow, UnknownItem, UnknownTarget

Events = Iterator[e.Event]


def open_item(s: State, item_id: ItemId) -> Item:
    """Return the item's row. Raises UnknownItem."""
    item = s.items.get(item_id)
    if item is None:
        raise UnknownItem(item_id)
    return item


def start_call(s: State, now: Instant, c_: c.StartCall) -> Events:
    """A call reaches the town: the flow of the called number begins."""
    if c_.key in s.keys:
        return
    policy = s.policy
    flow_id = policy.numbers.get(c_.called) or policy.numbers.get("*")
    if flow_id is None:
        raise UnknownTarget(f"no flow for called number {c_.called!r}: add it, or '*', to numbers")
    yield e.ItemReceived(
        at=now,
        item=c_.item_id,
        channel=Channel.VOICE,
        tempo=Tempo.LIVE,
        form=Form.CALL,
        called=c_.called,
        address_key=c_.address_key,
        contact_ref=c_.contact_ref,
        words_ref="",
        call_id=c_.call_id,
        language="",  # until the caller chooses one, everything is said in all of them
        subject="",
    )
    yield e.KeyKept(at=now, key=c_.key, item=c_.item_id, until=now + policy.retention.dedupe_text)
    walk = Walk(item=c_.item_id, flow=flow_id, policy=s.policy_hash, step=1)
    walk.trail.extend(heard_first(s, now, c_.called))
    yield from arrive(s, now, walk, go(s, now, walk, policy.flows[flow_id].start), "call begins")


def submit_form(s: State, now: Instant, c_: c.SubmitForm) -> Events:
    """A web form becomes an item in its queue, or a callback of it.

    Raises:
        UnknownTarget: there is no such form.
        NotAllowed: its queue does not call back.
        NotNow: the time that was chosen is no longer free.
    """
    if c_.key in s.keys:
        return
    policy = s.policy
    form = policy.forms.get(c_.form)
    if form is None:
        raise UnknownTarget(f"no form {c_.form!r}; forms are {', '.join(sorted(policy.forms))}")
    if c_.callback:
        check_wish(s, now, policy.queues[form.queue], c_.callback_starts)
    yield e.ItemReceived(
        at=now,
        item=c_.item_id,
        channel=Channel.WEBFORM,
        tempo=Tempo.SLOW_TEXT,
        form=Form.SUBMISSION,
        called=c_.form,
        address_key=c_.address_key,
        contact_ref=c_.contact_ref,
        words_ref=c_.words_ref,
        call_id="",
        language=c_.language,
        subject=c_.subject or form.subject,
        attributes=tuple(sorted(c_.attributes.items())),
    )
    yield e.KeyKept(at=now, key=c_.key, item=c_.item_id, until=now + policy.retention.dedupe_text)
    if form.requires or form.head_start:
        yield e.ItemShaped(
            at=now, item=c_.item_id, requires=form.requires, head_start=form.head_start
        )
    if c_.callback:
        queue, item, starts = policy.queues[form.queue], s.items[c_.item_id], c_.callback_starts
        why = f"form {form.id} asks for a call"
        yield from wished(s, now, item, queue, c_.address_key, c_.contact_ref, starts, why)
        return
    yield from enter_queue(
        s,
        now,
        s.items[c_.item_id],
        policy.queues[form.queue],
        None,
        form=Form.SUBMISSION,
        rule=f"form {form.id} goes to queue {form.queue}",
    )


def shunt_arrival(s: State, now: Instant, c_: c.ShuntArrival) -> Events:
    """Keep a contact that we failed to decide where a person sees it."""
    if c_.key in s.keys:
        return
    voice = c_.channel is Channel.VOICE
    yield e.ItemReceived(
        at=now,
        item=c_.item_id,
        channel=c_.channel,
        tempo=Tempo.LIVE if voice else Tempo.SLOW_TEXT,
        form=Form.CALL if voice else Form.SUBMISSION,
        called="",
        address_key=c_.address_key,
        contact_ref=c_.contact_ref,
        words_ref=c_.words_ref,
        call_id=c_.call_id,
        language="",
        subject="",
    )
    until = now + s.policy.retention.dedupe_text
    yield e.KeyKept(at=now, key=c_.key, item=c_.item_id, until=until)
    yield e.ItemShunted(at=now, item=c_.item_id, reason=c_.reason)


def reopen(s: State, now: Instant, c_: c.ReopenItem) -> Events:
    """Back into its queue; the story goes on."""
    item = open_item(s, c_.item_id)
    if item.state not in ENDED or item.state is ItemState.SHUNTED:
        raise NotNow(f"item {item.id!r} is {item.state}: only an ended item can be reopened")
    if item.text is not None and item.text.merged_into is not None:
        raise NotNow(f"item {item.id!r} is part of {item.text.merged_into!r}: take the merge back")
    other = goes_on_elsewhere(s, item)
    if other is not None:
        raise NotNow(f"the conversation of item {item.id!r} goes on in {other.id!r}")
    yield from opened_again(s, now, item, c_.by, c_.reason)
    yield from _as_text(s, now, item.id, "reopened")


def release_shunted(s: State, now: Instant, c_: c.ReleaseShunted) -> Events:
    """A person has looked at what was set aside."""
    item = open_item(s, c_.item_id)
    if item.state is not ItemState.SHUNTED:
        raise NotNow(f"item {item.id!r} is {item.state}, not set aside")
    if c_.queue is None:
        yield closed(s, now, item.id, "looked at")
        return
    if c_.queue not in s.policy.queues:
        raise UnknownTarget(f"no queue {c_.queue!r}")
    yield from opened_again(s, now, item, c_.by, "released from the shunt")
    row = s.items[item.id]
    yield from line_up(
        s,
        now,
        row,
        s.policy.queues[c_.queue],
        form=KEPT_AS.get(row.channel, Form.MESSAGE),
        first_queued_at=row.first_queued_at or row.received_at,
        rule=f"released by {c_.by}",
    )


def _as_text(s: State, now: Instant, item_id: ItemId, rule: str) -> Events:
    item = s.items[item_id]
    form = KEPT_AS.get(item.channel, Form.MESSAGE)
    yield from line_up(s, now, item, queue_of(s, item), form=form, first_queued_at=now, rule=rule)
