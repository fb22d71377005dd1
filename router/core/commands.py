"""What somebody asks for: imperative, with ids chosen by the sender, never stored.

`key` is the dedupe key: a repeat of a command whose key is known advances nothing and is answered
from the item's present state. The empty key means "cannot come twice" (the sender is a desk whose
clicks are safe to repeat because states refuse them).
"""

from __future__ import annotations

import msgspec

from router.core.model import (
    AgentId,
    AgentStatus,
    Channel,
    EffectKey,
    Instant,
    ItemId,
    LegResult,
    OfferId,
    PolicyHash,
    QueueId,
)


class Command(msgspec.Struct, frozen=True):
    """Base of every command."""


# --- residents ---------------------------------------------------------------------------------


class StartCall(Command, frozen=True):
    """A resident's call has reached the town."""

    item_id: ItemId
    key: str
    call_id: str  # the carrier's id of the resident's leg
    called: str  # +E.164 or whatever the carrier gave
    address_key: str  # HMAC of the normalised caller number; "" when withheld
    contact_ref: str  # words of kind `contact` submitted with this command; "" when withheld


class AdvanceFlow(Command, frozen=True):
    """The caller answered (or did not answer) what flow step `step` asked."""

    item_id: ItemId
    step: int  # the step the webhook belongs to; an older one advances nothing
    digits: str = ""  # menu choice; never a number that identifies somebody
    result: LegResult | None = None  # of a transfer the flow had dialled
    recording_ref: str = ""  # words of kind `recording` submitted with this command
    number_ref: str = ""  # words of kind `contact`: a telephone number typed by the caller
    address_key: str = ""  # of that number


class AskWait(Command, frozen=True):
    """The carrier asks what the waiting caller shall hear next."""

    item_id: ItemId
    turn: int  # counts the announcements; a repeat hears the same


class ChooseWhileWaiting(Command, frozen=True):
    """The waiting caller pressed a key."""

    item_id: ItemId
    digits: str


class LeaveWaiting(Command, frozen=True):
    """The waiting room let the caller go without us: an error on the carrier's side."""

    item_id: ItemId
    turn: int
    reason: str


class EndCall(Command, frozen=True):
    """The resident's leg is gone."""

    item_id: ItemId
    call_id: str
    reason: str  # completed | busy | failed | no-answer | canceled


class SubmitForm(Command, frozen=True):
    """A resident sent a web form whose fields were found valid."""

    item_id: ItemId
    key: str
    form: str
    subject: str
    address_key: str
    contact_ref: str
    words_ref: str
    language: str
    attributes: dict[str, str] = {}  # choice fields that identify nobody
    callback: bool = False  # rather be rung than written to, at the number of `address_key`
    callback_starts: Instant | None = None  # in the window that begins then; None: when it may be


# --- legs and effects ----------------------------------------------------------------------------


class ReportLeg(Command, frozen=True):
    """The carrier tells what became of a leg that we dialled."""

    item_id: ItemId
    leg: str  # agent | resident | outside
    call_id: str
    result: LegResult
    key: str = ""  # the effect that dialled it


class NoteRoom(Command, frozen=True):
    """The carrier's id of the room (conference) in which the item is talked about."""

    item_id: ItemId
    room_id: str


class ReportEffect(Command, frozen=True):
    """An effect was done, failed for this time, or failed for good."""

    key: EffectKey
    done: bool
    final: bool = True  # a failure that is not tried again
    reason: str = ""
    call_id: str = ""  # the leg that an effect created


# --- agents --------------------------------------------------------------------------------------


class SignIn(Command, frozen=True):
    """A desk of the agent has connected; a second desk takes over from the first."""

    agent_id: AgentId
    desk: str  # id of the desk's connection
    client: str = ""  # which page or program connects; "": it did not say
    attempt: int = 0  # its connections are numbered upwards


class SignOut(Command, frozen=True):
    """End of shift: no more offers; what is held stays until done."""

    agent_id: AgentId


class SetStatus(Command, frozen=True):
    agent_id: AgentId
    status: AgentStatus
    reason: str = ""  # away reason of the policy
    after_item: bool = False  # wait until nothing is held


class RenewLeases(Command, frozen=True):
    """These desks have proved that they are alive."""

    desks: tuple[tuple[AgentId, str], ...]


class SeeOffer(Command, frozen=True):
    """The desk shows the offer."""

    offer_id: OfferId
    agent_id: AgentId


class AcceptOffer(Command, frozen=True):
    offer_id: OfferId
    agent_id: AgentId


class DeclineOffer(Command, frozen=True):
    offer_id: OfferId
    agent_id: AgentId
    reason: str = ""


class TakeBackDecline(Command, frozen=True):
    """The decline was a slip; works while nobody else has the item."""

    offer_id: OfferId
    agent_id: AgentId


class HoldItem(Command, frozen=True):
    item_id: ItemId
    agent_id: AgentId


class ResumeItem(Command, frozen=True):
    item_id: ItemId
    agent_id: AgentId


class TransferItem(Command, frozen=True):
    """Cold transfer: to exactly one of queue, agent or outside contact."""

    item_id: ItemId
    agent_id: AgentId
    to_queue: QueueId | None = None
    to_agent: AgentId | None = None
    to_contact: str = ""  # OutsideContact id
    keep_age: bool | None = None  # None: as the queue it comes to says


class ReturnItem(Command, frozen=True):
    """Put it back where it came from, place kept."""

    item_id: ItemId
    agent_id: AgentId
    reason: str = ""


class FinishHandling(Command, frozen=True):
    """Hang up, or stop working on it: wrap-up follows."""

    item_id: ItemId
    agent_id: AgentId


class CloseItem(Command, frozen=True):
    """Done. From handling it finishes first."""

    item_id: ItemId
    agent_id: AgentId
    code: str = ""  # wrap-up code
    note_ref: str = ""


class ReopenItem(Command, frozen=True):
    """Back into its queue, linked to its past."""

    item_id: ItemId
    by: str  # agent id or "resident"
    reason: str = ""


class ReleaseShunted(Command, frozen=True):
    """A person has looked: queue it or close it."""

    item_id: ItemId
    by: AgentId
    queue: QueueId | None = None  # None: close


# --- the town and the machine --------------------------------------------------------------------


class PassTime(Command, frozen=True):
    """Time alone may have changed something."""


class AdoptPolicy(Command, frozen=True):
    """Decide by this policy from now on; it is stored with the batch."""

    policy_hash: PolicyHash


class SetEmergency(Command, frozen=True):
    """Close (or force open) now, until an instant, whatever the hours say."""

    hours: str
    closed: bool
    until: Instant | None
    reason: str
    by: str


class ClearEmergency(Command, frozen=True):
    hours: str
    by: str


class ResumeService(Command, frozen=True):
    """The daemon has started after an outage; `since` is the last stored instant."""

    since: Instant


class ShuntArrival(Command, frozen=True):
    """A contact could not be decided because of our own mistake: keep it for a person."""

    item_id: ItemId
    channel: Channel
    address_key: str
    contact_ref: str
    words_ref: str
    call_id: str
    reason: str
    key: str
