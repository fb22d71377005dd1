"""A tiny engine on the real state and the real `apply`: calls come, end, and are forgotten.

What a called number asks for: "refuse" is refused, "crash" raises after half of its events were
applied, "effect" wants an effect, anything else is received. A key lives for `KEY_LIFE`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from router.core import commands as c
from router.core import events as e
from router.core.apply import apply
from router.core.effects import EndLeg
from router.core.model import (
    ENDED,
    SECOND,
    Channel,
    EffectKey,
    Form,
    Instant,
    ItemId,
    ItemState,
    Tempo,
)
from router.core.policy import Dialling, OfferRule, Policy, Retention
from router.core.state import State
from router.errors import NotNow, UnknownItem

Happen = Callable[[e.AnyEvent], None]

KEY_LIFE: Final = 60 * SECOND
FORGET_AFTER: Final = 10 * SECOND


class CounterEngine:
    def __init__(self, state: State) -> None:
        self.state = state
        self.lazy_about_time = False  # PassTime changes nothing although something is due

    def run(self, command: c.Command, now: Instant) -> list[e.AnyEvent]:
        events: list[e.AnyEvent] = []

        def happen(event: e.AnyEvent) -> None:
            apply(self.state, event)
            events.append(event)

        match command:
            case c.StartCall():
                self._start(command, now, happen)
            case c.SubmitForm():
                self._receive(happen, now, command.item_id, command.key, command.form)
            case c.ShuntArrival():
                self._receive(happen, now, command.item_id, command.key, "")
                happen(e.ItemShunted(now, command.item_id, command.reason))
            case c.EndCall():
                item = self.state.items.get(command.item_id)
                if item is None:
                    raise UnknownItem(command.item_id)
                if item.state is ItemState.RECEIVED:
                    happen(e.ItemAbandoned(now, item.id, command.reason, now + FORGET_AFTER))
            case c.ReportEffect():
                if command.key not in self.state.pending:
                    raise NotNow(f"effect {command.key!r} is not pending")
                if command.done:
                    happen(e.EffectDone(now, command.key))
                else:
                    happen(e.EffectFailed(now, command.key, command.reason))
            case c.PassTime():
                if not self.lazy_about_time:
                    self._pass_time(now, happen)
            case c.ResumeService():
                happen(e.ServiceResumed(now, command.since, now, now - command.since))
            case c.AdoptPolicy():
                happen(e.PolicyAdopted(now, command.policy_hash))
            case _:
                raise AssertionError(f"the small engine knows no {command!r}")
        return events

    def _start(self, command: c.StartCall, now: Instant, happen: Happen) -> None:
        if command.key in self.state.keys:
            return
        if command.called == "refuse":
            raise NotNow("asked to refuse")
        self._receive(happen, now, command.item_id, command.key, command.called, command.call_id)
        if command.called == "crash":
            raise ZeroDivisionError("asked to crash")
        if command.called == "effect":
            key = EffectKey(f"{command.item_id}/1")
            happen(e.EffectWanted(now, EndLeg(key, command.item_id, command.call_id)))

    def _receive(
        self, happen: Happen, now: Instant, item: ItemId, key: str, called: str, call_id: str = ""
    ) -> None:
        if key in self.state.keys:
            return
        happen(
            e.ItemReceived(
                at=now,
                item=item,
                channel=Channel.VOICE,
                tempo=Tempo.LIVE,
                form=Form.CALL,
                called=called,
                address_key="",
                contact_ref="",
                words_ref="",
                call_id=call_id,
                language="en",
                subject="",
            )
        )
        happen(e.KeyKept(now, key, item, now + KEY_LIFE))

    def _pass_time(self, now: Instant, happen: Happen) -> None:
        while (timer := self.state.next_timer()) is not None and timer[0] <= now:
            _, kind, name = timer
            if kind == "key":
                happen(e.KeyDropped(now, name))
            else:
                assert self.state.items[ItemId(name)].state in ENDED
                happen(e.ItemForgotten(now, ItemId(name)))


def start_call(number: int, called: str = "town", key: str | None = None) -> c.StartCall:
    return c.StartCall(
        item_id=ItemId(f"item-{number}"),
        key=f"call-{number}" if key is None else key,
        call_id=f"CA{number}",
        called=called,
        address_key="",
        contact_ref="",
    )


def end_call(number: int) -> c.EndCall:
    return c.EndCall(ItemId(f"item-{number}"), f"CA{number}", "completed")


def empty_policy(town: str) -> Policy:
    return Policy(
        town=town,
        name={"en": town},
        time_zone="America/Toronto",
        languages=(),
        subjects={},
        skills={},
        capacities={},
        agents={},
        away_reasons={},
        wrap_up_codes={},
        hours={},
        queues={},
        fallbacks={},
        contacts={},
        on_call={},
        numbers={},
        flows={},
        front_messages=(),
        forms={},
        dialling=Dialling((), (), 0, 0, ""),
        offers=OfferRule({}, 3, 30 * SECOND),
        retention=Retention(0, 0, 0),
        texts={},
        compiled_with={},
    )
