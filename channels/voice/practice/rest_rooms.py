"""REST calls about conferences and those who sit in them."""

from __future__ import annotations

from channels.voice.practice.carrier import Carrier
from channels.voice.practice.conferences import HOLD_MUSIC, Conference, Music, Seat
from channels.voice.practice.rest_form import Form, Reply, RestError, Sids, not_found
from channels.voice.practice.rest_views import (
    conference_view,
    invited_view,
    page_view,
    seat_view,
)
from channels.voice.practice.webhooks import Purpose


def list_conferences(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List conferences, newest first, by FriendlyName and Status when asked."""
    rooms = [
        room
        for room in reversed(carrier.exchange.conferences.values())
        if query.get("FriendlyName", room.name) == room.name
        and query.get("Status", room.status) == room.status
    ]
    views = [conference_view(room) for room in rooms]
    return 200, page_view(sids["path"], query, "conferences", views)


def fetch_conference(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show a conference, an ended one too."""
    return 200, conference_view(_room(carrier, sids))


def update_conference(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """End a conference, or play an announcement to everybody in it."""
    room = _open_room(carrier, sids)
    if form.text("Status") == "completed":
        room.end("conference-ended-via-api")
    elif form.has("Status"):
        raise RestError(400, 20001, f"Status {form.text('Status')!r} must be completed")
    elif form.text("AnnounceUrl"):
        for seat in room.seats:
            _announce(seat, form)
    return 200, conference_view(room)


def list_participants(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List who sits in a conference, by Hold and Muted when asked."""
    seats = [
        seat
        for seat in _room(carrier, sids).seats
        if query.get("Hold", str(seat.hold is not None)).lower()
        == str(seat.hold is not None).lower()
        and query.get("Muted", str(seat.muted)).lower() == str(seat.muted).lower()
    ]
    return 200, page_view(sids["path"], query, "participants", [seat_view(s) for s in seats])


def fetch_participant(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show a participant."""
    return 200, seat_view(_seat(carrier, sids))


def create_participant(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Ring somebody into a conference named by sid or name, which is opened when there is none."""
    exchange = carrier.exchange
    to = form.address("To", 21201, 21211)
    from_ = form.address("From", 21213, 21212)
    room = exchange.conferences.get(sids["conference"])
    if room is None:
        name = sids["conference"]
        room = exchange.conference_named(name) or exchange.new_conference(name)
    elif room.status == "completed":
        raise not_found(f"/Conferences/{room.sid}/Participants")
    place = form.room(room.name)
    limit_s = form.whole("TimeLimit", 0)
    call = carrier.call_out(
        from_,
        to,
        place,
        timeout_s=form.whole("Timeout", 60),
        callback=form.status_callback(),
        detection=form.detection(),
        limit_s=limit_s or None,
    )
    return 201, invited_view(room, call, place.label)


def update_participant(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Hold, mute, coach or announce to a participant, or change when the conference ends."""
    seat = _seat(carrier, sids)
    if form.has("Muted"):
        seat.mute(form.truth("Muted"))
    if form.has("EndConferenceOnExit"):
        seat.end_on_exit = form.truth("EndConferenceOnExit")
    if form.has("Coaching"):
        seat.guide(_coached(seat, form) if form.truth("Coaching") else "")
    if form.has("Hold"):
        url = form.text("HoldUrl") or HOLD_MUSIC
        music = Music(url, form.method("HoldMethod"), Purpose.HOLD)
        seat.put_on_hold(music if form.truth("Hold") else None)
    if form.text("AnnounceUrl"):
        _announce(seat, form)
    return 200, seat_view(seat)


def _coached(seat: Seat, form: Form) -> str:
    """Return the leg that alone shall hear the participant; it must sit there, too."""
    coached = form.text("CallSidToCoach")
    if all(coached != other.call.sid for other in seat.conference.seats if other is not seat):
        raise RestError(400, 20001, f"CallSidToCoach {coached!r} is no participant")
    return coached


def delete_participant(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Take somebody out of a conference."""
    seat = _seat(carrier, sids)
    seat.conference.leave(seat, kicked=True)
    return 204, None


def _announce(seat: Seat, form: Form) -> None:
    url, method = form.text("AnnounceUrl"), form.method("AnnounceMethod")
    seat.announcements.append(Music(url, method, Purpose.ANNOUNCE))
    seat.call.nudge()


def _room(carrier: Carrier, sids: Sids) -> Conference:
    room = carrier.exchange.conferences.get(sids["conference"])
    if room is None:
        raise not_found(f"/Conferences/{sids['conference']}")
    return room


def _open_room(carrier: Carrier, sids: Sids) -> Conference:
    room = _room(carrier, sids)
    if room.status == "completed":
        raise RestError(400, 20001, f"conference {room.sid} has ended")
    return room


def _seat(carrier: Carrier, sids: Sids) -> Seat:
    """Return the participant whom a call sid or a label names."""
    room = _room(carrier, sids)
    for seat in room.seats:
        if sids["call"] in (seat.call.sid, seat.label):
            return seat
    raise not_found(f"/Conferences/{room.sid}/Participants/{sids['call']}")
