"""The verb Enqueue: waiting in a queue with music, and what the action URL learns."""

from __future__ import annotations

from channels.voice.practice.player import ApplicationError, Player
from channels.voice.practice.queues import Bridge, Member
from channels.voice.practice.verbs import Enqueue, Place, Verb
from channels.voice.practice.webhooks import Fetch, Purpose, Source


async def enqueue(player: Player, verb: Verb, place: Place) -> Source | None:
    """Wait until dequeued, left, hung up or sent elsewhere; then the action, or the next verb."""
    assert isinstance(verb, Enqueue)
    call, exchange = player.call, player.exchange
    queue = exchange.queue_named(verb.name) or exchange.new_queue(verb.name)
    if len(queue.members) >= queue.max_size:
        full = (("QueueResult", "queue-full"), ("QueueSid", queue.sid), ("QueueTime", "0"))
        return Fetch(verb.action, Purpose.ENQUEUE, verb.method, full) if verb.action else None
    member = queue.join(call, verb.action, verb.method)
    call.attachments.append(member)
    call.settle_in("queue")
    player.member = member
    try:
        with call.stopping_when(lambda: bool(member.result)):
            await _listen(player, member, verb)
        if member.bridge is not None:
            await _talk(player, member.bridge)
    finally:
        player.member = None
        if member in call.attachments:
            call.attachments.remove(member)
        call.settle_in("")
    return member.action() if verb.action else None


async def _talk(player: Player, bridge: Bridge) -> None:
    """Hear the greeting of whoever took the call from the queue, then talk."""
    try:
        if bridge.greeting is not None:
            with player.call.stopping_when(lambda: bridge.over):
                await player.play_through(bridge.greeting, Place.DEQUEUE)
        bridge.open()
        await player.call.wait(ready=lambda: bridge.over)
    except ApplicationError:
        bridge.cut("hangup")


async def _listen(player: Player, member: Member, verb: Enqueue) -> None:
    """Play the waiting music until the member has left."""
    if not verb.wait_url:
        await player.call.wait()

    def music() -> Fetch:
        news = member.queue.news(member)
        return Fetch(verb.wait_url, Purpose.WAIT, method=verb.wait_method, params=news)

    try:
        await player.loop(music(), Place.WAIT, refresh=music)
    except ApplicationError:
        member.leave("error")
