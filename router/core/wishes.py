"""Events that ask the outside for something; keys follow from the item, so no chance is needed."""

from __future__ import annotations

from typing import Final

from router.core import effects as f
from router.core import events as e
from router.core.model import MINUTE, AgentId, EffectKey, Instant, ItemId, Span
from router.core.policy import OutsideContact
from router.core.records import Item
from router.core.state import State

LEG_PATIENCE: Final[Span] = MINUTE  # beyond the ringing: announcements, a key, lost news


def _key(item: Item) -> EffectKey:
    return EffectKey(f"{item.id}-{item.effect_count + 1}")


def dial_agent(
    now: Instant, item: Item, agent_id: AgentId, leg: str, ring_timeout: Span
) -> e.EffectWanted:
    """Ring the agent's telephone for the item."""
    return e.EffectWanted(
        at=now,
        effect=f.DialAgent(
            key=_key(item),
            item_id=item.id,
            agent_id=agent_id,
            leg=leg,
            ring_timeout=ring_timeout,
        ),
        due=now + ring_timeout + LEG_PATIENCE,
    )


def dial_resident(
    now: Instant, item: Item, ring_timeout: Span, attempt: int, *, leave_message: bool
) -> e.EffectWanted:
    """Ring the resident for a callback."""
    return e.EffectWanted(
        at=now,
        effect=f.DialResident(
            key=_key(item),
            item_id=item.id,
            contact_ref=item.contact_ref,
            ring_timeout=ring_timeout,
            attempt=attempt,
            leave_message=leave_message,
        ),
        due=now + ring_timeout + LEG_PATIENCE,
    )


def dial_third(
    now: Instant, item: Item, leg: str, contact_ref: str, ring_timeout: Span
) -> e.EffectWanted:
    """Ring a third party beside resident and agent."""
    return e.EffectWanted(
        at=now,
        effect=f.DialThird(
            key=_key(item),
            item_id=item.id,
            leg=leg,
            contact_ref=contact_ref,
            ring_timeout=ring_timeout,
        ),
    )


def dial_on_call(now: Instant, item: Item, contact: OutsideContact) -> e.EffectWanted:
    """Ring somebody on call about an item without a caller."""
    ring_timeout = contact.ring_timeout
    return e.EffectWanted(
        at=now,
        effect=f.DialOnCall(
            key=_key(item), item_id=item.id, leg=contact.number, ring_timeout=ring_timeout
        ),
        due=now + ring_timeout + LEG_PATIENCE,
    )


def dial_listener(now: Instant, item: Item, leg: str, ring_timeout: Span) -> e.EffectWanted:
    """Ring a supervisor who wants to be in the talk."""
    return e.EffectWanted(
        at=now,
        effect=f.DialListener(key=_key(item), item_id=item.id, leg=leg, ring_timeout=ring_timeout),
    )


def set_listener(now: Instant, item: Item, call_id: str) -> e.EffectWanted:
    """Let the supervisor be in the room as the state says now."""
    return e.EffectWanted(
        at=now,
        effect=f.SetListener(
            key=_key(item), item_id=item.id, call_id=call_id, room_id=item.room_id
        ),
    )


def move_call(now: Instant, item: Item, call_id: str = "") -> e.EffectWanted:
    """Have the carrier ask what the resident's leg shall do now.

    `call_id` is the leg where the item no longer has one: its caller left something and may go.
    """
    leg = call_id or item.call_id
    return e.EffectWanted(at=now, effect=f.MoveCall(key=_key(item), item_id=item.id, call_id=leg))


def end_leg(s: State, now: Instant, item: Item, call_id: str) -> e.EffectWanted:
    """Hang up a leg of the item."""
    return e.EffectWanted(
        at=now, effect=f.EndLeg(key=_key(s.items[item.id]), item_id=item.id, call_id=call_id)
    )


def hold_leg(now: Instant, item: Item, *, hold: bool) -> e.EffectWanted:
    """Put the resident on hold, or bring them back."""
    return e.EffectWanted(
        at=now,
        effect=f.HoldLeg(
            key=_key(item),
            item_id=item.id,
            call_id=item.call_id,
            room_id=item.room_id,
            hold=hold,
        ),
    )


def send_mail(
    s: State,
    now: Instant,
    item_id: ItemId,
    conversation: str,
    what: str,
    *,
    words_ref: str = "",
    contact: str = "",
    since: int = 0,
    rule: str = "",
    contact_ref: str = "",
) -> e.EffectWanted:
    """Send the last message of a conversation by mail; `what` as in `effects.SendMail`."""
    item, row = s.items[item_id], s.conversations[conversation]
    return e.EffectWanted(
        at=now,
        effect=f.SendMail(
            key=_key(item),
            item_id=item_id,
            conversation=conversation,
            number=row.count,
            what=what,
            words_ref=words_ref,
            contact=contact,
            contact_ref=contact_ref or row.contact_ref,
            since=since,
            rule=rule,
            due_at=item.due_at,
        ),
    )
