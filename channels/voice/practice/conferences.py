"""The carrier's conferences: who sits in one, who is on hold, when it starts and ends.

Events go to the status callback of the first participant that named one, numbered in the order
they happened. Source: Twilio's page on <Conference> (events, reasons, start and end rules).
"""

from __future__ import annotations

from email.utils import format_datetime
from typing import TYPE_CHECKING, Final

import msgspec

from channels.voice.practice.call import Call
from channels.voice.practice.clock import utc
from channels.voice.practice.verbs import Room
from channels.voice.practice.webhooks import Fetch, Params, Purpose

if TYPE_CHECKING:
    from channels.voice.practice.exchange import Exchange

EVENT_GROUPS: Final[dict[str, str]] = {
    "conference-start": "start",
    "conference-end": "end",
    "participant-join": "join",
    "participant-leave": "leave",
    "participant-mute": "mute",
    "participant-unmute": "mute",
    "participant-hold": "hold",
    "participant-unhold": "hold",
    "participant-modify": "modify",
    "announcement-end": "announcement",
}
"""Event as it is sent -> word that asks for it in statusCallbackEvent."""

HOLD_MUSIC: Final = "carrier:hold-music"


class Music(msgspec.Struct, frozen=True):
    """What a participant hears instead of the others; "" is silence."""

    url: str
    method: str
    purpose: Purpose


class Seat:
    """A call in a conference."""

    def __init__(self, conference: Conference, call: Call, room: Room) -> None:
        self.conference = conference
        self.call = call
        self.label = room.label
        self.start_on_enter = room.start_on_enter
        self.end_on_exit = room.end_on_exit
        self.muted = room.muted
        self.coach = room.coach
        self.joined_at = call.exchange.clock.now()
        self.hold: Music | None = None
        self.announcements: list[Music] = []
        self.over = False
        self._waiting = Music(room.wait_url, room.wait_method, Purpose.WAIT)

    def music(self) -> Music | None:
        """Return what plays to this participant alone; None while they hear the others."""
        if self.announcements:
            return self.announcements[0]
        if self.hold is not None:
            return self.hold
        return None if self.conference.status == "in-progress" else self._waiting

    def put_on_hold(self, music: Music | None) -> None:
        """Play hold music to the participant, or with None let them back in."""
        changed = (music is None) != (self.hold is None)
        self.hold = music
        self.call.nudge()
        if changed:
            event = "participant-unhold" if music is None else "participant-hold"
            self.conference.report(event, self)

    def mute(self, muted: bool) -> None:
        """Silence the participant for the others, or let them be heard again."""
        if muted != self.muted:
            self.muted = muted
            self.conference.report("participant-mute" if muted else "participant-unmute", self)

    def guide(self, coached: str) -> None:
        """Let the participant be heard by one leg alone, or with "" by everybody."""
        if coached != self.coach:
            self.coach = coached
            self.conference.report("participant-modify", self)

    def cut(self, cause: str) -> None:
        """Leave because the person hung up or was sent elsewhere."""
        self.conference.leave(self)


class Conference:
    """A room: init until two are in and one of them may start it, then in-progress, completed."""

    def __init__(self, exchange: Exchange, sid: str, name: str) -> None:
        self.exchange = exchange
        self.sid = sid
        self.name = name
        self.status = "init"
        self.created_at = self.updated_at = exchange.clock.now()
        self.seats: list[Seat] = []
        self.reason = ""
        self.ended_by = ""
        self._callback: Room | None = None
        self._sequence = 0

    def join(self, call: Call, room: Room) -> Seat:
        """Give the call a seat."""
        if self._callback is None and room.status_callback:
            self._callback = room
        seat = Seat(self, call, room)
        self.seats.append(seat)
        self.report("participant-join", seat)
        ready = len(self.seats) > 1 and any(seat.start_on_enter for seat in self.seats)
        if self.status == "init" and ready:
            self._move("in-progress")
            self.report("conference-start", None)
        for other in self.seats:
            other.call.nudge()
        return seat

    def hearers(self, seat: Seat) -> list[Seat]:
        """Return who hears what is said on this seat: nobody before the conference begins."""
        if self.status != "in-progress" or seat.muted or seat.music() is not None:
            return []
        others = (other for other in self.seats if other is not seat and other.music() is None)
        return [each for each in others if seat.coach in ("", each.call.sid)]

    def leave(self, seat: Seat, *, kicked: bool = False) -> None:
        """Take the seat away; the conference may end by that."""
        if seat.over:
            return
        self._vacate(seat)
        how = "kicked" if kicked else "left"
        if seat.end_on_exit:
            self.end(f"participant-with-end-conference-on-exit-{how}", seat)
        elif not self.seats:
            self.end(f"last-participant-{how}", seat)

    def end(self, reason: str, by: Seat | None = None) -> None:
        """Close the room; everybody in it goes on with their own document."""
        if self.status == "completed":
            return
        self._move("completed")
        self.reason, self.ended_by = reason, "" if by is None else by.call.sid
        for seat in self.seats[:]:
            self._vacate(seat)
        why = [("ReasonConferenceEnded", reason)]
        if by is not None:
            why.append(("CallSidEndingConference", by.call.sid))
            if by.label:
                why.append(("ParticipantLabelEndingConference", by.label))
        self.report("conference-end", by, tuple(why))

    def report(self, event: str, seat: Seat | None, more: Params = ()) -> None:
        """Send the event to the conference's status callback, if it asked for it."""
        room = self._callback
        if room is None or EVENT_GROUPS[event] not in room.status_callback_events:
            return
        self._sequence += 1
        news = [
            ("ConferenceSid", self.sid),
            ("FriendlyName", self.name),
            ("AccountSid", self.exchange.account_sid),
            ("StatusCallbackEvent", event),
            ("SequenceNumber", str(self._sequence)),
            ("Timestamp", format_datetime(utc(self.exchange.clock.now()))),
            *more,
        ]
        if seat is not None and not event.startswith("conference-"):
            news += _seat_params(seat)
        fetch = Fetch(room.status_callback, Purpose.CONFERENCE, method=room.status_callback_method)
        call_sid = self.sid if seat is None else seat.call.sid
        self.exchange.tell_about(call_sid, tuple(news), fetch)

    def _vacate(self, seat: Seat) -> None:
        seat.over = True
        self.seats.remove(seat)
        seat.call.nudge()
        reason = "participant_hung_up" if seat.call.over else "participant_left"
        more = (("ReasonParticipantLeft", reason), ("ParticipantCallStatus", seat.call.status))
        self.report("participant-leave", seat, more)

    def _move(self, status: str) -> None:
        self.status = status
        self.updated_at = self.exchange.clock.now()


def _seat_params(seat: Seat) -> list[tuple[str, str]]:
    truths = {
        "Muted": seat.muted,
        "Hold": seat.hold is not None,
        "Coaching": bool(seat.coach),
        "StartConferenceOnEnter": seat.start_on_enter,
        "EndConferenceOnExit": seat.end_on_exit,
    }
    pairs = [("CallSid", seat.call.sid), *((k, str(v).lower()) for k, v in truths.items())]
    return [*pairs, ("ParticipantLabel", seat.label)] if seat.label else pairs
