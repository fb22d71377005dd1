"""How calls, queues, conferences, participants and recordings look in the carrier's REST answers.

Pure: objects in, plain JSON data out. Source: Twilio's OpenAPI description of the 2010-04-01 API.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from email.utils import format_datetime

from channels.voice.practice.call import Call
from channels.voice.practice.clock import SECOND, utc
from channels.voice.practice.conferences import Conference, Seat
from channels.voice.practice.exchange import Exchange, Recording
from channels.voice.practice.queues import Member, Queue

Json = str | int | bool | None | list["Json"] | dict[str, "Json"]


def call_view(call: Call) -> dict[str, Json]:
    """Return the call resource."""
    path = f"{_root(call.exchange)}/Calls/{call.sid}"
    return {
        "sid": call.sid,
        "account_sid": call.exchange.account_sid,
        "parent_call_sid": call.parent_sid or None,
        "from": call.from_,
        "from_formatted": call.from_,
        "to": call.to,
        "to_formatted": call.to,
        "status": call.status,
        "direction": call.direction,
        "answered_by": call.answered_by or None,
        "api_version": "2010-04-01",
        "date_created": _date(call.created_at),
        "date_updated": _date(call.ended_at or call.answered_at or call.created_at),
        "start_time": _date(call.answered_at),
        "end_time": _date(call.ended_at),
        "duration": str(call.duration_s) if call.over else None,
        "price": None,
        "price_unit": "USD",
        "phone_number_sid": None,
        "forwarded_from": None,
        "group_sid": None,
        "caller_name": None,
        "queue_time": "0",
        "trunk_sid": None,
        "uri": f"{path}.json",
        "subresource_uris": {"recordings": f"{path}/Recordings.json"},
    }


def queue_view(exchange: Exchange, queue: Queue) -> dict[str, Json]:
    """Return the queue resource."""
    return {
        "sid": queue.sid,
        "account_sid": exchange.account_sid,
        "friendly_name": queue.name,
        "current_size": len(queue.members),
        "max_size": queue.max_size,
        "average_wait_time": queue.average_wait_s,
        "date_created": _date(queue.created_at),
        "date_updated": _date(queue.created_at),
        "uri": f"{_root(exchange)}/Queues/{queue.sid}.json",
    }


def member_view(member: Member) -> dict[str, Json]:
    """Return the queue member resource."""
    root = f"{_root(member.call.exchange)}/Queues/{member.queue.sid}"
    return {
        "call_sid": member.call.sid,
        "queue_sid": member.queue.sid,
        "position": member.position,
        "wait_time": member.waited_s,
        "date_enqueued": _date(member.joined_at),
        "uri": f"{root}/Members/{member.call.sid}.json",
    }


def conference_view(room: Conference) -> dict[str, Json]:
    """Return the conference resource."""
    path = f"{_root(room.exchange)}/Conferences/{room.sid}"
    ended: dict[str, Json] = {}
    if room.reason:
        ended["reason_conference_ended"] = room.reason
        ended["call_sid_ending_conference"] = room.ended_by or None
    return ended | {
        "sid": room.sid,
        "account_sid": room.exchange.account_sid,
        "friendly_name": room.name,
        "status": room.status,
        "api_version": "2010-04-01",
        "region": "us1",
        "date_created": _date(room.created_at),
        "date_updated": _date(room.updated_at),
        "uri": f"{path}.json",
        "subresource_uris": {
            "participants": f"{path}/Participants.json",
            "recordings": f"{path}/Recordings.json",
        },
    }


def seat_view(seat: Seat) -> dict[str, Json]:
    """Return the conference participant resource of somebody in the room."""
    view = _participant(seat.conference, seat.call, seat.label)
    return view | {
        "muted": seat.muted,
        "hold": seat.hold is not None,
        "coaching": bool(seat.coach),
        "call_sid_to_coach": seat.coach or None,
        "start_conference_on_enter": seat.start_on_enter,
        "end_conference_on_exit": seat.end_on_exit,
        "status": "complete" if seat.over else "connected",
        "date_created": _date(seat.joined_at),
        "date_updated": _date(seat.joined_at),
    }


def invited_view(room: Conference, call: Call, label: str) -> dict[str, Json]:
    """Return the participant resource of somebody who is being called in."""
    view = _participant(room, call, label)
    return view | {
        "muted": False,
        "hold": False,
        "coaching": False,
        "call_sid_to_coach": None,
        "start_conference_on_enter": True,
        "end_conference_on_exit": False,
        "status": "queued",
        "date_created": _date(call.created_at),
        "date_updated": _date(call.created_at),
    }


def recording_view(exchange: Exchange, saved: Recording) -> dict[str, Json]:
    """Return the recording resource."""
    path = f"{_root(exchange)}/Recordings/{saved.sid}"
    return {
        "sid": saved.sid,
        "account_sid": exchange.account_sid,
        "call_sid": saved.call_sid,
        "conference_sid": None,
        "status": saved.status,
        "duration": str(saved.duration_s),
        "channels": 1,
        "source": "RecordVerb",
        "start_time": _date(saved.started_at),
        "date_created": _date(saved.started_at),
        "date_updated": _date(saved.started_at + saved.duration_s * SECOND),
        "api_version": "2010-04-01",
        "price": None,
        "price_unit": "USD",
        "error_code": None,
        "encryption_details": None,
        "uri": f"{path}.json",
        "media_url": f"{exchange.rest_url}{path}",
        "subresource_uris": {},
    }


def page_view(
    path: str, query: Mapping[str, str], key: str, rows: Sequence[dict[str, Json]]
) -> dict[str, Json]:
    """Return one page of a list; the query's Page (from 0) and PageSize (default 50) choose it.

    Errors: `ValueError` when these are no numbers.
    """
    size = min(1000, max(1, int(query.get("PageSize", "50"))))
    page = max(0, int(query.get("Page", "0")))
    start = page * size
    shown = list(rows[start : start + size])

    def uri(number: int) -> str:
        return f"{path}?PageSize={size}&Page={number}"

    return {
        key: list[Json](shown),
        "page": page,
        "page_size": size,
        "start": start,
        "end": max(start, start + len(shown) - 1),
        "uri": uri(page),
        "first_page_uri": uri(0),
        "next_page_uri": uri(page + 1) if start + size < len(rows) else None,
        "previous_page_uri": uri(page - 1) if page else None,
    }


def _participant(room: Conference, call: Call, label: str) -> dict[str, Json]:
    path = f"{_root(room.exchange)}/Conferences/{room.sid}/Participants/{call.sid}"
    return {
        "account_sid": room.exchange.account_sid,
        "call_sid": call.sid,
        "conference_sid": room.sid,
        "label": label or None,
        "queue_time": "0",
        "uri": f"{path}.json",
    }


def _root(exchange: Exchange) -> str:
    return f"/2010-04-01/Accounts/{exchange.account_sid}"


def _date(instant: int | None) -> str | None:
    return None if instant is None else format_datetime(utc(instant))
