"""Form fields of the carrier's webhooks become commands. Pure: ids and refs come from outside.

Lenient where a caller is on the line (unknown enum values, odd digits, names in another case are
never an error), strict about what nobody could serve: a call without an id. Identifiers are opaque:
carriers that speak the same language name their calls differently.
Source: Twilio, "TwiML voice: request parameters" of each verb.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Final

import msgspec

from channels.voice.numbers import called_number, caller_number, typed_number
from router.core import commands as c
from router.core.identity import address_key
from router.core.model import ItemId, LegResult
from router.ports import Contact, Words

ID_LENGTH_MAX: Final = 128
TEXT_LENGTH_MAX: Final = 256
URL_LENGTH_MAX: Final = 2048
STEP_LENGTH_MAX: Final = 9  # digits
CHOICE_LENGTH_MAX: Final = 3
UNREADABLE: Final = "?"
"""Digits that are no choice and no number: the flow asks again."""

FINAL: Final = frozenset({"completed", "busy", "failed", "no-answer", "canceled"})
CUT_OFF: Final = frozenset({"canceled", "no-answer"})
_KEYS: Final = frozenset("0123456789*#ABCD")
_SPELLINGS: Final = {"cancelled": "canceled", "noanswer": "no-answer", "answered": "in-progress"}

LEG_RESULTS: Final = {
    "completed": LegResult.ENDED,
    "busy": LegResult.BUSY,
    "no-answer": LegResult.NO_ANSWER,
    "canceled": LegResult.NO_ANSWER,
    "failed": LegResult.FAILED,
}
DIAL_RESULTS: Final = LEG_RESULTS | {"in-progress": LegResult.ENDED}  # "answered", of a conference


class BadWebhook(Exception):
    """The request is none that the carrier could have sent about a call; `code` is stable."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(why)
        self.code = code


class Form:
    """The fields of a webhook, whatever the case of their names.

    Of doubled ones the first that says something counts.
    """

    def __init__(self, pairs: Iterable[tuple[str, str]]) -> None:
        self._values: dict[str, str] = {}
        for name, value in pairs:
            if value:
                self._values.setdefault(name.lower(), value)

    def text(self, *names: str) -> str:
        """Return the first of these fields that says something, stripped; else ""."""
        for name in names:
            value = self._values.get(name, "").strip()
            if value:
                return value
        return ""


class Decoded(msgspec.Struct, frozen=True):
    """A command and the words that go with it."""

    command: c.Command
    words: tuple[Words, ...] = ()


class Identity(msgspec.Struct, frozen=True):
    """What codes need to keep people apart without naming them."""

    secret: bytes
    ref: str  # a fresh reference for words that this webhook may bring


# --- what every webhook says ---------------------------------------------------------------------


def call_id(form: Form) -> str:
    """Return the carrier's id of the leg the webhook is about.

    Errors: `BadWebhook` missing-call-id, absurd-call-id.
    """
    found = form.text("callsid", "call_sid", "callid")
    if not found:
        raise BadWebhook("missing-call-id", "the webhook has no CallSid")
    if len(found) > ID_LENGTH_MAX or not found.isascii() or not found.isprintable() or " " in found:
        raise BadWebhook("absurd-call-id", f"no carrier calls a call {found[:40]!r}")
    return found


def status(form: Form) -> str:
    """Return the leg's status in Twilio's spelling; "" when not told."""
    return _spelled(form.text("callstatus", "call_status"))


def is_over(form: Form) -> bool:
    """Say whether the leg has ended."""
    return status(form) in FINAL


def is_told_after_the_end(form: Form) -> bool:
    """Say whether the answer counts though the caller has hung up: a recording, a transfer.

    A telephone that stopped ringing because they hung up says nothing about who was rung.
    """
    dialled = _spelled(form.text("dialcallstatus"))
    return bool(form.text("recordingurl") or (dialled and dialled not in CUT_OFF))


def is_machine(form: Form) -> bool:
    """Say whether a machine picked up."""
    answered_by = form.text("answeredby", "answered_by").lower()
    return answered_by.startswith(("machine", "fax"))


def numbers(form: Form) -> tuple[str, str]:
    """Return (resident's number or "", town's number as written), whoever rang whom."""
    ends = form.text("from", "caller"), form.text("to", "called")
    if form.text("direction").lower().startswith("outbound"):
        ends = ends[1], ends[0]
    resident, town = (end[:TEXT_LENGTH_MAX] for end in ends)
    return caller_number(resident), called_number(town)


def count_of(text: str) -> int | None:
    """Return the step or turn that a URL holds; None when we never wrote such a URL."""
    if text.isascii() and text.isdigit() and len(text) <= STEP_LENGTH_MAX:
        return int(text)
    return None


def key_of_call(call: str) -> str:
    """Return the dedupe key under which a call begins once, however often it is told."""
    return f"call:{call}"


# --- residents -----------------------------------------------------------------------------------


def start_call(form: Form, item_id: ItemId, identity: Identity) -> Decoded:
    """A call has reached the town. Errors: those of `call_id`."""
    call = call_id(form)
    number, called = numbers(form)
    words = _contact(identity.ref, number, form.text("callername")) if number else ()
    command = c.StartCall(
        item_id=item_id,
        key=key_of_call(call),
        call_id=call,
        called=called,
        address_key=address_key(identity.secret, "phone", number),
        contact_ref=identity.ref if number else "",
    )
    return Decoded(command, words)


def advance_flow(
    form: Form,
    item_id: ItemId,
    step: int,
    identity: Identity,
    may_ring: Callable[[str], bool] | None,
) -> Decoded:
    """The caller answered what a step asked, or did not.

    Args:
        form: digits, a recording, or the result of a transfer; none of them is no answer.
        item_id: from the URL.
        step: from the URL.
        identity: for words.
        may_ring: given when a telephone number was asked for; says whether it could be rung back.
    """
    recording = _recording(form, identity.ref)
    if recording:
        command = c.AdvanceFlow(item_id, step, recording_ref=identity.ref)
        return Decoded(command, recording)
    dialled = form.text("dialcallstatus")
    if dialled:
        result = DIAL_RESULTS.get(_spelled(dialled), LegResult.FAILED)
        return Decoded(c.AdvanceFlow(item_id, step, result=result))
    digits = _digits(form)
    if may_ring is None:
        choice = digits if len(digits) <= CHOICE_LENGTH_MAX else UNREADABLE
        return Decoded(c.AdvanceFlow(item_id, step, digits=choice))
    return _number_for_callback(form, digits, item_id, step, identity, may_ring)


def _number_for_callback(
    form: Form,
    digits: str,
    item_id: ItemId,
    step: int,
    identity: Identity,
    may_ring: Callable[[str], bool],
) -> Decoded:
    """A callback is promised only to a number that may be rung."""
    if digits == "1":
        caller, _ = numbers(form)
        choice = digits if caller and may_ring(caller) else UNREADABLE
        return Decoded(c.AdvanceFlow(item_id, step, digits=choice))
    if digits in ("", "*"):
        return Decoded(c.AdvanceFlow(item_id, step, digits=digits))
    number = typed_number(digits)
    if not number or not may_ring(number):
        return Decoded(c.AdvanceFlow(item_id, step, digits=UNREADABLE))
    command = c.AdvanceFlow(
        item_id,
        step,
        number_ref=identity.ref,
        address_key=address_key(identity.secret, "phone", number),
    )
    return Decoded(command, _contact(identity.ref, number, ""))


def choose_while_waiting(form: Form, item_id: ItemId) -> c.ChooseWhileWaiting:
    """The waiting caller pressed a key."""
    return c.ChooseWhileWaiting(item_id, _digits(form)[:CHOICE_LENGTH_MAX])


QUIET_RESULTS: Final = frozenset(
    {"leave", "bridged", "bridging-in-process", "bridging-in-progress"}
    | {"redirected", "redirected-from-bridged", "hangup"}
)
"""Ways out of the waiting room that we asked for, or that the end of the call will tell."""


def leave_waiting(form: Form, item_id: ItemId, turn: int) -> c.LeaveWaiting | None:
    """The carrier let the caller out; None when that was as we wished."""
    result = form.text("queueresult").lower() or "leave"
    if result in QUIET_RESULTS:
        return None
    return c.LeaveWaiting(item_id, turn, reason=result[:TEXT_LENGTH_MAX])


def end_call(form: Form, item_id: ItemId) -> c.EndCall | None:
    """The resident's leg is gone; None while it is not."""
    reason = status(form)
    return c.EndCall(item_id, call_id(form), reason) if reason in FINAL else None


# --- legs ----------------------------------------------------------------------------------------


def picked_up(form: Form, item_id: ItemId, leg: str, key: str) -> c.ReportLeg:
    """Somebody, or a machine, picked up a leg that we dialled. Errors: those of `call_id`."""
    result = LegResult.MACHINE if is_machine(form) else LegResult.ANSWERED
    return c.ReportLeg(item_id, leg, call_id(form), result, key)


def leg_ended(form: Form, item_id: ItemId, leg: str, key: str) -> c.ReportLeg | None:
    """A leg that we dialled has ended; None while it rings or talks. Errors: those of `call_id`."""
    result = LEG_RESULTS.get(status(form))
    call = call_id(form)
    return None if result is None else c.ReportLeg(item_id, leg, call, result, key)


def outside_answered(form: Form, item_id: ItemId, step: int) -> c.ReportLeg | None:
    """Somebody outside picked up; how it ends the Dial's own answer tells."""
    call = call_id(form)
    if status(form) != "in-progress":
        return None
    return c.ReportLeg(item_id, "outside", call, LegResult.ANSWERED, str(step))


def note_room(form: Form, item_id: ItemId) -> c.NoteRoom | None:
    """The conference's id; None once it has ended.

    Errors: `BadWebhook` missing-room-id.
    """
    room = form.text("conferencesid", "conference_sid")
    if not room or len(room) > ID_LENGTH_MAX:
        raise BadWebhook("missing-room-id", "the webhook has no ConferenceSid")
    if form.text("statuscallbackevent").lower() == "conference-end":
        return None
    return c.NoteRoom(item_id, room)


# --- pieces --------------------------------------------------------------------------------------


def _spelled(value: str) -> str:
    plain = value.lower().replace("_", "-")
    return _SPELLINGS.get(plain, plain)


def _digits(form: Form) -> str:
    """Return the keys pressed; UNREADABLE when there are things in it that no telephone has."""
    digits = form.text("digits")
    if not set(digits) <= _KEYS:
        return UNREADABLE
    return digits


def _contact(ref: str, number: str, name: str) -> tuple[Words, ...]:
    body = Contact(number, name[:TEXT_LENGTH_MAX])
    return (Words(ref, "contact", msgspec.json.encode(body)),)


def _recording(form: Form, ref: str) -> tuple[Words, ...]:
    url = form.text("recordingurl")
    if not url.startswith(("https://", "http://")) or len(url) > URL_LENGTH_MAX:
        return ()
    duration = count_of(form.text("recordingduration"))
    body = {"url": url, "sid": form.text("recordingsid")[:ID_LENGTH_MAX], "duration_s": duration}
    return (Words(ref, "recording", msgspec.json.encode(body)),)
