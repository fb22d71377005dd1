"""REST calls about calls, queues, those who wait in them, and recordings."""

from __future__ import annotations

from channels.voice.practice.call import Call
from channels.voice.practice.carrier import Carrier
from channels.voice.practice.exchange import Recording
from channels.voice.practice.queues import Member, Queue
from channels.voice.practice.rest_form import Form, Reply, RestError, Sids, not_found
from channels.voice.practice.rest_views import (
    call_view,
    member_view,
    page_view,
    queue_view,
    recording_view,
)
from channels.voice.practice.webhooks import Purpose


def list_calls(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List calls, newest first, by To, From, Status and ParentCallSid when asked."""
    calls = [
        call
        for call in reversed(carrier.exchange.calls.values())
        if query.get("To", call.to) == call.to
        and query.get("From", call.from_) == call.from_
        and query.get("Status", call.status) == call.status
        and query.get("ParentCallSid", call.parent_sid) == call.parent_sid
    ]
    return 200, page_view(sids["path"], query, "calls", [call_view(call) for call in calls])


def create_call(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Ring somebody."""
    to = form.address("To", 21201, 21211)
    from_ = form.address("From", 21213, 21212)
    source = form.source(Purpose.VOICE)
    if source is None:
        raise RestError(400, 21205, "Url parameter is required.")
    limit_s = form.whole("TimeLimit", 0)
    call = carrier.call_out(
        from_,
        to,
        source,
        timeout_s=form.whole("Timeout", 60),
        callback=form.status_callback(),
        detection=form.detection(),
        fallback_url=form.text("FallbackUrl"),
        limit_s=limit_s or None,
    )
    return 201, call_view(call)


def fetch_call(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show a call."""
    return 200, call_view(_call(carrier, sids))


def update_call(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """End a call, or send it to another document."""
    call = _call(carrier, sids)
    status = form.text("Status")
    source = form.source(Purpose.REDIRECT)
    if status not in ("", "completed", "canceled"):
        raise RestError(400, 21218, f"Invalid status {status!r}: completed or canceled")
    wrong = (
        call.over
        or (status == "canceled" and call.answered)
        or (source is not None and not call.answered)
    )
    if wrong:
        raise RestError(400, 21220, "Call is not in-progress. Cannot redirect.")
    if form.has("StatusCallback"):
        call.callback = form.status_callback()
    if status:
        call.end("completed" if call.answered else "canceled")
    elif source is not None:
        call.detour(source)
    return 200, call_view(call)


def list_queues(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List all queues."""
    views = [queue_view(carrier.exchange, queue) for queue in carrier.exchange.queues.values()]
    return 200, page_view(sids["path"], query, "queues", views)


def create_queue(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Open a queue."""
    name = form.text("FriendlyName")
    if not 1 <= len(name) <= 64:
        raise RestError(400, 20001, "FriendlyName must have 1 to 64 characters")
    if carrier.exchange.queue_named(name) is not None:
        raise RestError(400, 22003, f"Queue FriendlyName already exists: {name}")
    queue = carrier.exchange.new_queue(name, form.whole("MaxSize", 1000))
    return 201, queue_view(carrier.exchange, queue)


def fetch_queue(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show a queue."""
    return 200, queue_view(carrier.exchange, _queue(carrier, sids))


def update_queue(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Change the size or the name of a queue."""
    queue = _queue(carrier, sids)
    queue.max_size = form.whole("MaxSize", queue.max_size)
    queue.name = form.text("FriendlyName") or queue.name
    return 200, queue_view(carrier.exchange, queue)


def list_members(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List who waits, first in front."""
    views = [member_view(member) for member in _queue(carrier, sids).members]
    return 200, page_view(sids["path"], query, "queue_members", views)


def fetch_member(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show somebody who waits; Front is the first."""
    return 200, member_view(_member(carrier, sids))


def update_member(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Take somebody out of the queue and send them to another document."""
    source = form.source(Purpose.REDIRECT)
    if source is None:
        raise RestError(400, 21205, "Url parameter is required.")
    member = _member(carrier, sids)
    view = member_view(member)
    member.call.detour(source)
    return 200, view


def list_recordings(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """List recordings, by CallSid when asked."""
    saved = carrier.exchange.recordings.values()
    wanted = [one for one in saved if query.get("CallSid", one.call_sid) == one.call_sid]
    views = [recording_view(carrier.exchange, one) for one in wanted]
    return 200, page_view(sids["path"], query, "recordings", views)


def fetch_recording(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Show a recording."""
    return 200, recording_view(carrier.exchange, recording_of(carrier, sids))


def delete_recording(carrier: Carrier, sids: Sids, form: Form, query: dict[str, str]) -> Reply:
    """Forget a recording."""
    del carrier.exchange.recordings[recording_of(carrier, sids).sid]
    return 204, None


def _call(carrier: Carrier, sids: Sids) -> Call:
    call = carrier.exchange.calls.get(sids["call"])
    if call is None:
        raise not_found(f"/Calls/{sids['call']}")
    return call


def _queue(carrier: Carrier, sids: Sids) -> Queue:
    queue = carrier.exchange.queues.get(sids["queue"])
    if queue is None:
        raise not_found(f"/Queues/{sids['queue']}")
    return queue


def _member(carrier: Carrier, sids: Sids) -> Member:
    queue = _queue(carrier, sids)
    for member in queue.members:
        if sids["call"] in ("Front", member.call.sid):
            return member
    raise not_found(f"/Queues/{queue.sid}/Members/{sids['call']}")


def recording_of(carrier: Carrier, sids: Sids) -> Recording:
    saved = carrier.exchange.recordings.get(sids["recording"])
    if saved is None:
        raise not_found(f"/Recordings/{sids['recording']}")
    return saved
