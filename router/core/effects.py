"""What the outside is asked to do, and the worst that happens when it is asked twice.

Effects stand in `state.pending` from the event that wants them until the event that confirms or
gives them up; after a crash they are performed again. TwiML answers and pushes to desks are not
effects: they are derived from the state whenever somebody asks.
"""

from __future__ import annotations

import msgspec

from router.core.model import AgentId, EffectKey, Instant, ItemId, Span


class Effect(msgspec.Struct, frozen=True, array_like=True, tag=True):
    """Base; `key` names the wish, so that a repeat can be recognised."""

    key: EffectKey
    item_id: ItemId


class DialAgent(Effect, frozen=True, tag="dial-agent"):
    """Ring the agent's telephone and put it into the item's room.

    Worst repeat: a second leg rings and hears that the call is already taken.
    """

    agent_id: AgentId
    leg: str
    ring_timeout: Span


class DialResident(Effect, frozen=True, tag="dial-resident"):
    """Ring the resident for a callback and put them into the item's room.

    Worst repeat: none; the outlet looks the key up before it dials again.
    """

    contact_ref: str
    ring_timeout: Span
    attempt: int
    leave_message: bool = False  # an answering machine hears a text after its tone


class DialThird(Effect, frozen=True, tag="dial-third"):
    """Ring a third party and put them into the item's room, beside resident and agent.

    Worst repeat: a second leg rings and hears that the call is already taken.
    """

    leg: str  # "" = the number behind `contact_ref`
    contact_ref: str
    ring_timeout: Span


class DialOnCall(Effect, frozen=True, tag="dial-on-call"):
    """Ring somebody on call about an item whose caller has hung up; nobody is connected.

    Worst repeat: a second leg rings and hears that it is settled, or may press 1 as well.
    """

    leg: str
    ring_timeout: Span


class MoveCall(Effect, frozen=True, tag="move-call"):
    """Have the carrier ask us again what the resident's leg shall do now.

    Worst repeat: the caller hears the present prompt from its beginning.
    """

    call_id: str


class EndLeg(Effect, frozen=True, tag="end-leg"):
    """Hang up one leg. Worst repeat: none."""

    call_id: str


class DialListener(Effect, frozen=True, tag="dial-listener"):
    """Ring a supervisor and put them into the item's room, as the state says by then.

    Worst repeat: a second leg rings and hears that the call is already taken.
    """

    leg: str
    ring_timeout: Span


class SetListener(Effect, frozen=True, tag="set-listener"):
    """Let a supervisor be in the room as the state says when it is done. Worst repeat: none."""

    call_id: str
    room_id: str


class HoldLeg(Effect, frozen=True, tag="hold-leg"):
    """Put the resident on hold in the room, or bring them back. Worst repeat: none."""

    call_id: str
    room_id: str
    hold: bool


class SendMail(Effect, frozen=True, tag="send-mail"):
    """Send a message of a conversation by mail.

    Worst repeat: the same mail twice, under one Message-ID; most programs show it once.
    """

    conversation: str
    number: int  # of the message; makes the Message-ID
    what: str  # reply | acknowledgement | refusal | forward | unread | transcript | page
    words_ref: str = ""  # what is written; "" = the policy's text
    contact: str = ""  # outside contact it goes to; "" = the resident
    contact_ref: str = ""  # the resident's words of kind `contact`
    since: int = 0  # unread, transcript: the last message that is not part of it
    rule: str = ""  # refusal: the mail rule; acknowledgement: "chain/rule,..." told with it
    due_at: Instant | None = None  # acknowledgement: the first answer, as it was promised


AnyEffect = (
    DialAgent
    | DialResident
    | DialThird
    | MoveCall
    | EndLeg
    | HoldLeg
    | SendMail
    | DialOnCall
    | DialListener
    | SetListener
)
