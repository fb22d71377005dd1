"""The verb Dial: to telephones (one after the other or all at once), a conference, or a queue."""

from __future__ import annotations

from channels.voice.practice.call import Call, CallEnded, StatusCallback
from channels.voice.practice.clock import SECOND
from channels.voice.practice.meeting import meet
from channels.voice.practice.outbound import new_call, start
from channels.voice.practice.player import ApplicationError, Player
from channels.voice.practice.queues import Bridge
from channels.voice.practice.verbs import Dial, Line, Party, Place, Room, Verb
from channels.voice.practice.webhooks import Fetch, Params, Purpose, Source


class Attempt:
    """The telephones that ring together for one caller, and who of them answered."""

    def __init__(self, caller: Call) -> None:
        self.caller = caller
        self.children: list[Call] = []
        self.chosen: Call | None = None
        self.freed: Call | None = None  # sent elsewhere by REST, no longer the caller's
        self.bridge: Bridge | None = None

    @property
    def failed(self) -> bool:
        """Whether nobody can answer any more."""
        return self.chosen is None and all(child.over for child in self.children)

    def choose(self, child: Call) -> None:
        """Take the first who answers; the others stop ringing."""
        if self.chosen is not None:
            child.end("completed")
            return
        self.chosen = child
        for other in self.children:
            if other is not child:
                other.end("canceled")
        self.caller.nudge()

    def cut(self, cause: str) -> None:
        """End it because the caller hung up or was sent elsewhere."""
        for child in self.children:
            if child is not self.freed:
                child.end("completed" if child.answered else "canceled")

    def outcome(self) -> Params:
        """Return what the action URL is told."""
        child = self.chosen or self.children[-1]
        status = "completed" if self.chosen is not None else child.status
        bridged = self.bridge is not None and self.bridge.ready
        return (
            ("DialCallStatus", status),
            ("DialCallSid", child.sid),
            ("DialCallDuration", str(child.duration_s)),
            ("DialBridged", str(bridged).lower()),
        )


class Tie:
    """What ties a dialled telephone to the caller."""

    def __init__(self, attempt: Attempt, child: Call) -> None:
        self.attempt = attempt
        self.child = child

    def cut(self, cause: str) -> None:
        """Let the caller go on because this one hung up or was sent elsewhere."""
        if cause == "redirected":
            self.attempt.freed = self.child
        if self.attempt.bridge is not None:
            self.attempt.bridge.cut(cause)
        self.attempt.caller.nudge()


async def dial(player: Player, verb: Verb, place: Place) -> Source | None:
    """Join the caller with the target; then the action, or the next verb."""
    assert isinstance(verb, Dial)
    outcome: Params = (("DialCallStatus", "canceled"),)
    try:
        if isinstance(verb.target, Room):
            outcome = (("DialCallStatus", "answered"),)
            await meet(
                player,
                verb.target,
                hangup_on_star=verb.hangup_on_star,
                limit_s=verb.time_limit_s,
            )
        elif isinstance(verb.target, Line):
            outcome = await _dial_queue(player, verb, verb.target)
        else:
            outcome = await _dial_parties(player, verb, verb.target)
    except CallEnded:
        if verb.action:
            fetch = Fetch(verb.action, Purpose.DIAL, verb.method, outcome)
            player.exchange.tell(player.call, fetch)
        raise
    if not verb.action:
        return None
    return Fetch(verb.action, Purpose.DIAL, method=verb.method, params=outcome)


async def _dial_parties(player: Player, verb: Dial, parties: tuple[Party, ...]) -> Params:
    groups = [(party,) for party in parties] if verb.sequential else [parties]
    for group in groups:
        attempt = Attempt(player.call)
        player.call.attachments.append(attempt)
        try:
            await _ring_together(player, verb, attempt, group)
        finally:
            if attempt in player.call.attachments:
                player.call.attachments.remove(attempt)
            attempt.cut("hangup")
            player.call.settle_in("")
        if attempt.chosen is not None:
            break
    return attempt.outcome()


async def _ring_together(
    player: Player, verb: Dial, attempt: Attempt, parties: tuple[Party, ...]
) -> None:
    call = player.call
    for party in parties:
        child = _new_child(player, verb, party)
        child.attachments.append(Tie(attempt, child))
        attempt.children.append(child)
    for child, party in zip(attempt.children, parties, strict=True):
        _start_child(player, verb, attempt, child, party)
    await call.wait(ready=lambda: attempt.chosen is not None or attempt.failed)
    chosen = attempt.chosen
    if chosen is None:
        return
    await call.wait(
        ready=lambda: attempt.bridge is not None or chosen.over or attempt.freed is not None
    )
    if attempt.bridge is not None:
        bridge = attempt.bridge
        star = verb.hangup_on_star

        def parted() -> bool:
            return bridge.over or (star and "*" in call.keys)

        await call.wait(player.exchange.clock.now() + verb.time_limit_s * SECOND, parted)
        bridge.cut("hangup")


def _new_child(player: Player, verb: Dial, party: Party) -> Call:
    callback = None
    if party.status_callback:
        callback = StatusCallback(
            party.status_callback, party.status_callback_method, party.status_callback_events
        )
    return new_call(
        player.exchange,
        from_=verb.caller_id or player.call.from_,
        to=party.address,
        direction="outbound-dial",
        parent_sid=player.call.sid,
        callback=callback,
    )


def _start_child(player: Player, verb: Dial, attempt: Attempt, child: Call, party: Party) -> None:
    async def answered(whisperer: Player) -> None:
        attempt.choose(child)
        child.check()
        if party.url:
            fetch = Fetch(party.url, Purpose.WHISPER, method=party.method)
            try:
                await whisperer.play_through(fetch, Place.WHISPER)
            except ApplicationError:
                child.end("completed")
        child.check()
        bridge = attempt.bridge = Bridge(player.call, child)
        bridge.open()
        await child.wait(ready=lambda: bridge.over)

    start(player.exchange, child, player.repertoire, timeout_s=verb.timeout_s, answered=answered)


async def _dial_queue(player: Player, verb: Dial, line: Line) -> Params:
    call, exchange = player.call, player.exchange
    queue = exchange.queue_named(line.name)
    if queue is None:
        return (("DialCallStatus", "failed"), ("DialBridged", "false"))
    queue.watchers.append(call)
    try:
        give_up = exchange.clock.now() + verb.timeout_s * SECOND
        found = await call.wait(give_up, lambda: bool(queue.members))
    finally:
        queue.watchers.remove(call)
    if not found:
        return (("DialCallStatus", "no-answer"), ("DialBridged", "false"))
    member = queue.members[0]
    bridge = Bridge(call, member.call)
    if line.url:
        params = (
            ("QueueSid", queue.sid),
            ("QueueTime", str(member.waited_s)),
            ("DequeingCallSid", call.sid),
        )
        bridge.greeting = Fetch(line.url, Purpose.DEQUEUE, method=line.method, params=params)
    call.attachments.append(bridge)
    member.take(bridge)
    try:
        limit = exchange.clock.now() + verb.time_limit_s * SECOND
        await call.wait(limit, lambda: bridge.over)
    finally:
        bridge.cut("hangup")
        if bridge in call.attachments:
            call.attachments.remove(bridge)
        call.settle_in("")
    return (
        ("DialCallStatus", "completed" if bridge.ready else "no-answer"),
        ("DialCallSid", member.call.sid),
        ("DialCallDuration", str(call.duration_s)),
        ("DialBridged", str(bridge.ready).lower()),
    )
