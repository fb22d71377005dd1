"""Compiles queues.yaml: a queue's own keys over the defaults, seconds to spans."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from router.core.flows.texts import REQUIRED_TEXTS
from router.core.model import HOUR, MINUTE, SECOND, Channel, QueueId, Span, Tempo
from router.core.policy import Announcements, CallbackRule, Place, Queue, Step, Texts
from router.core.policy_calls import CallbackWindows
from router.core.policy_offers import Minimum, OfferTo
from router.core.policy_waiting import LongWait
from router.policy.compile_at_risk import compile_at_risk
from router.policy.compile_service_level import promises
from router.policy.documents import Document
from router.policy.models_announcements import WaitingShape
from router.policy.models_callbacks import CallbackShape
from router.policy.models_offers import MinimumShape
from router.policy.models_queues import ItemOrder, QueueRules, QueueShape
from router.policy.models_steps import LongWaitShape

OFFER_TIMEOUT_S: Final[dict[Tempo, int]] = {
    Tempo.LIVE: 20,
    Tempo.FAST_TEXT: 30,
    Tempo.SLOW_TEXT: 120,
}
BALANCED_S: Final = 120
MACHINE: Final = {"count": "count", "try_again": "again", "leave_message": "message"}
WAITING_TEXTS: Final = tuple(
    key for key in REQUIRED_TEXTS if key in ("place", "callback_offer") or key.startswith("wait_")
)


def merged(queue: QueueShape, defaults: QueueRules) -> dict[str, Any]:
    """Return the rules that hold: what the queue says itself, else what the defaults say."""
    rules = {
        name: getattr(queue if name in queue.model_fields_set else defaults, name)
        for name in QueueRules.model_fields
    }
    if "fallback" in queue.model_fields_set:  # condition by condition
        rules["fallback"] = {**defaults.fallback, **queue.fallback}
    theirs = {} if "first_response" in queue.model_fields_set else defaults.first_response_by
    rules["first_response_by"] = {**theirs, **queue.first_response_by}
    timeouts = {**OFFER_TIMEOUT_S, **defaults.offer_timeout_s}
    rules["offer_timeout_s"] = {**timeouts, **queue.offer_timeout_s}
    rules["offer_to"] = {**defaults.offer_to, **queue.offer_to}  # tempo by tempo
    return rules


def compile_queue(
    id_: str,
    shape: QueueShape,
    defaults: QueueRules,
    waiting: dict[str, WaitingShape],
    texts: dict[str, Texts],
    queues: Mapping[str, QueueShape],
    document: Document,
) -> Queue:
    """Return one queue."""
    rules = merged(shape, defaults)
    path = ("queues", id_)
    steps = compile_steps(id_, shape, queues, document)
    response = rules["first_response"]
    promised = promises(shape.service_level, defaults.service_level)
    return Queue(
        id=QueueId(id_),
        name=shape.name,
        hours=rules["hours"],
        requires=shape.requires,
        steps=steps,
        target_share=promised[Channel.VOICE].share,
        target_span=promised[Channel.VOICE].within,
        first_response=response.written,
        first_response_span=response.span,
        first_response_days=response.days,
        first_response_business=response.business,
        head_start=rules["head_start_s"] * SECOND,
        offer_timeout={tempo: each * SECOND for tempo, each in rules["offer_timeout_s"].items()},
        wrap_up=rules["wrap_up_s"] * SECOND,
        wrap_up_required=rules["wrap_up_code_required"],
        wait_max=rules["wait_max_s"] * SECOND,
        length_max=rules["length_max"],
        fates=rules["fallback"],
        announcements=_announcements(waiting.get(rules["announcements"], WaitingShape()), texts),
        callback=_callback(rules["callback"]),
        place=place(document, *path),
        absence=rules["absence_s"] * SECOND,
        late_behind=_late_behind(rules, promised[Channel.VOICE].within),
        agent_order=tuple(dict.fromkeys(rules["agent_order"])),
        first_response_by=rules["first_response_by"],
        promises=promised,
        length_per_agent=rules["length_per_agent"],
        last_entry=rules["last_entry_s"] * SECOND,
        is_age_reset=rules["transfer_age"] == "reset",
        team=rules["team"],
        last_agent_patience=rules["last_agent_patience_s"] * SECOND,
        offer_to={
            tempo: tuple(OfferTo(each.after_s * SECOND, each.agents) for each in by_wait)
            for tempo, by_wait in rules["offer_to"].items()
        },
        at_risk=compile_at_risk(rules["at_risk"], promised),
        long_wait=_long_wait(rules["long_wait"]),
    )


def compile_minimums(shapes: dict[str, MinimumShape]) -> tuple[Minimum, ...]:
    """Return what must be begun within a time."""
    return tuple(
        Minimum(
            id_,
            each.tempo,
            frozenset(map(QueueId, each.queues)),
            each.at_least,
            each.within_min * MINUTE,
        )
        for id_, each in shapes.items()
    )


def _late_behind(rules: dict[str, Any], target: Span) -> Span:
    """Return by how much who missed the target ranks later; 0: order of arrival.

    Twice the target at least: with less, ordering by the target gains little (measured in
    `docs/adr/0020`).
    """
    order = rules["item_order"]
    if order is ItemOrder.ARRIVAL:
        return 0
    least = BALANCED_S if order is ItemOrder.BALANCED else rules["late_behind_s"]
    return max(int(least) * SECOND, 2 * target)


def compile_steps(
    id_: str, shape: QueueShape, queues: Mapping[str, QueueShape], document: Document
) -> tuple[Step, ...]:
    """Return the queue's steps; one without a time is due with the one before."""
    steps: list[Step] = []
    after: Span = 0
    for index, step in enumerate(shape.steps):
        after = after if step.after_s is None else step.after_s * SECOND
        more = [step.or_requires] if step.or_requires is not None else []
        more += [queues[name].requires for name in step.or_agents_of]
        steps.append(
            Step(
                after=after,
                requires=step.requires or "",
                place=place(document, "queues", id_, "steps", index),
                condition=step.condition,
                is_lasting=step.while_ is None,
                adds=tuple(more),
                head_start=step.head_start_s * SECOND,
                offers_callback=step.offer_callback,
                chain=step.fallback,
            )
        )
    return tuple(steps)


def _long_wait(shape: LongWaitShape | None) -> LongWait | None:
    if shape is None:
        return None
    return LongWait(enter=shape.enter_s * SECOND, leave=shape.leave_s * SECOND)


def place(document: Document, *path: str | int) -> Place:
    """Return where a rule stands: the line of its key or list entry."""
    return Place(document.file, document.place(path, at_key=True)[0])


def _announcements(shape: WaitingShape, texts: dict[str, Texts]) -> Announcements:
    return Announcements(
        first_after=shape.first_after_s * SECOND,
        every=shape.every_s * SECOND,
        say_place=shape.say_place,
        say_wait=shape.say_wait,
        texts={key: shape.texts.get(key, texts[key]) for key in WAITING_TEXTS},
        music=shape.music,
    )


def _callback(shape: CallbackShape | None) -> CallbackRule | None:
    if shape is None:
        return None
    windows = shape.windows
    expires: Span = shape.expires_after_h * HOUR
    return CallbackRule(
        offer_after=shape.offer_after_s * SECOND,
        attempts_max=shape.attempts_max,
        retry_after=shape.retry_after_s * SECOND,
        expires_after=expires,
        hours=shape.hours,
        ring_timeout=shape.ring_timeout_s * SECOND,
        first=shape.first,
        machine=MACHINE[shape.answering_machine],
        windows=CallbackWindows(
            length=windows.length_min * MINUTE,
            most=windows.callbacks_max,
            days=windows.days_ahead,
        )
        if windows is not None
        else None,
    )
