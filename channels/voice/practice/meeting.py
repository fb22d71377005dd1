"""Taking part in a conference: music while waiting and on hold, talking otherwise."""

from __future__ import annotations

from channels.voice.practice.conferences import Music, Seat
from channels.voice.practice.player import ApplicationError, Player
from channels.voice.practice.verbs import Place, Room
from channels.voice.practice.webhooks import Fetch, Purpose


async def meet(
    player: Player, room: Room, *, hangup_on_star: bool = False, limit_s: int | None = None
) -> Seat:
    """Sit in the conference until it ends, the person leaves, or somebody takes them out."""
    call, exchange = player.call, player.exchange
    conference = exchange.conference_named(room.name) or exchange.new_conference(room.name)
    call.settle_in("conference")
    seat = conference.join(call, room)
    call.attachments.append(seat)
    alarm = None
    if limit_s is not None:
        alarm = exchange.after(limit_s, lambda: conference.leave(seat))
    try:
        while not seat.over:
            await _listen(player, seat, hangup_on_star=hangup_on_star)
            if hangup_on_star and "*" in call.keys:
                conference.leave(seat)
    finally:
        if alarm is not None:
            alarm.cancel()
        if seat in call.attachments:
            call.attachments.remove(seat)
        call.settle_in("")
    return seat


async def _listen(player: Player, seat: Seat, *, hangup_on_star: bool) -> None:
    """Let the participant hear one thing, until something else is to be heard or it is over."""
    call = player.call
    music = seat.music()

    def changed() -> bool:
        starred = hangup_on_star and "*" in call.keys
        return seat.over or starred or seat.music() != music

    with call.stopping_when(changed):
        if music is None or not music.url:
            await call.wait()
            return
        fetch = Fetch(music.url, music.purpose, method=music.method)
        try:
            if music.purpose is Purpose.ANNOUNCE:
                await player.play_through(fetch, Place.CONFERENCE)
            else:
                await player.loop(fetch, Place.CONFERENCE, refresh=lambda: fetch)
        except ApplicationError:
            await _stay_silent(player, music)
        _announced(seat, music)


async def _stay_silent(player: Player, music: Music) -> None:
    """Wait for something else to be heard: music that failed is silence, not the end."""
    if music.purpose is not Purpose.ANNOUNCE:
        await player.call.wait()


def _announced(seat: Seat, music: Music) -> None:
    if seat.announcements and seat.announcements[0] is music:
        seat.announcements.pop(0)
        seat.conference.report("announcement-end", seat)
