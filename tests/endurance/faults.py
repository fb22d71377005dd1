"""What happens to the parts of a town: real signals to real programs, and a network that is cut."""

from __future__ import annotations

import asyncio
import random
import signal
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from dataclasses import dataclass
from typing import Any, Final

from tests.endurance.crowd import Crowd
from tests.endurance.measures import Pulse, Recovery
from tests.endurance.parts import Kept, Town

STOPPED_S: Final = (1.0, 10.0)  # by SIGSTOP, or cut off
AWAY_S: Final = (0.0, 3.0)  # a dead master, once another one is named


@dataclass(frozen=True)
class Happening:
    """One fault: `act` returns once nothing is held down any more."""

    what: str
    act: Callable[[], Coroutine[Any, Any, object]]


Fault = Callable[[Town, random.Random], Awaitable[Happening]]


async def _one_of(it: Town, chance: random.Random) -> Kept:
    """Return the daemon that decides, half the time; else any of them."""
    decider = await it.decider()
    return decider if chance.random() < 0.5 else chance.choice(it.daemons)


async def _called(it: Town, kept: Kept) -> str:
    return f"{kept.name}{' (decides)' if kept is await it.decider() else ''}"


async def _kill(it: Town, chance: random.Random) -> Happening:
    kept = await _one_of(it, chance)

    async def act() -> None:
        kept.kill()

    return Happening(f"SIGKILL {await _called(it, kept)}", act)


async def _kill_two(it: Town, chance: random.Random) -> Happening:
    spared = chance.choice(it.daemons)
    both = [kept for kept in it.daemons if kept is not spared]

    async def act() -> None:
        for kept in both:
            kept.kill()

    names = [await _called(it, kept) for kept in both]
    return Happening(f"SIGKILL {' and '.join(names)}", act)


async def _stop(it: Town, chance: random.Random) -> Happening:
    kept, seconds = await _one_of(it, chance), chance.uniform(*STOPPED_S)

    async def act() -> None:
        kept.daemon.tell(signal.SIGSTOP)
        await asyncio.sleep(seconds)
        kept.daemon.tell(signal.SIGCONT)

    return Happening(f"SIGSTOP {await _called(it, kept)} for {seconds:.1f} s", act)


async def _cut(it: Town, chance: random.Random) -> Happening:
    kept, seconds = await _one_of(it, chance), chance.uniform(*STOPPED_S)

    async def act() -> None:
        it.network.cut(kept.name)
        await asyncio.sleep(seconds)
        it.network.mend(kept.name)

    return Happening(f"{await _called(it, kept)} cut from Redis for {seconds:.1f} s", act)


async def _restart_redis(it: Town, chance: random.Random) -> Happening:
    master = await asyncio.to_thread(lambda: it.redis.master)

    def act() -> None:
        master.kill()
        master.start()

    return Happening("SIGKILL the master, started again at once", lambda: asyncio.to_thread(act))


async def _fail_over(it: Town, chance: random.Random) -> Happening:
    master, seconds = await asyncio.to_thread(lambda: it.redis.master), chance.uniform(*AWAY_S)

    def act() -> None:
        master.kill()
        it.redis.promoted(master)
        time.sleep(seconds)
        it.redis.bring_back(master)

    what = f"SIGKILL the master until {seconds:.1f} s after another was named"
    return Happening(what, lambda: asyncio.to_thread(act))


FAULTS: Final[dict[str, Fault]] = {
    "SIGKILL": _kill,
    "SIGKILL of two": _kill_two,
    "SIGSTOP": _stop,
    "cut off": _cut,
    "Redis restarts": _restart_redis,
    "fail-over": _fail_over,
}


def shuffled(chance: random.Random) -> Iterator[str]:
    """Yield kinds of faults for ever: each once, in any order, then each again."""
    while True:
        kinds = list(FAULTS)
        chance.shuffle(kinds)
        yield from kinds


async def suffer(
    kind: str, it: Town, crowd: Crowd, pulse: Pulse, chance: random.Random
) -> Recovery:
    """Let it happen; return what it meant. Errors: AssertionError when there is no recovery."""
    happening = await FAULTS[kind](it, chance)
    line, began = crowd.waiting(), time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        fault = tasks.create_task(happening.act())
        return await pulse.recovered(kind, happening.what, began, line, fault)
