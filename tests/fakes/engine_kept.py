"""Makes the files that every later release must be able to read; run once per release.

`python -m tests.fakes.engine_kept tests/runtime/fixtures 0.1` writes a journal with a snapshot,
what it leads to, and one stored event of every kind.
"""

from __future__ import annotations

import asyncio
import json
import sys
import types
from collections.abc import Iterator
from enum import Enum
from pathlib import Path
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

from router.core import commands as c
from router.core.engine import Engine
from router.core.events import AnyEvent
from router.core.model import (
    SECOND,
    AgentId,
    AgentStatus,
    EffectKey,
    ItemId,
    LegResult,
    OfferId,
)
from router.core.state import State
from router.core.upcast import encode_events
from router.policy.load import load
from router.runtime.ids import SeededIds
from router.runtime.journal_sqlite import SqliteJournal
from router.runtime.metrics import Metrics
from router.runtime.policy_loader import date_of
from router.runtime.publisher import Publisher
from router.runtime.sequencer import Sequencer
from router.runtime.snapshot import encode_snapshot
from tests.fakes.engine_clock import LeapableClock

TUESDAY = 1_795_532_400_000_000_000  # 2026-11-24 10:00 in the town


def sample(kind: Any) -> Any:
    """Return some value of a field's type, never its default."""
    origin = get_origin(kind)
    if origin is Union or origin is types.UnionType:
        return sample(next(each for each in get_args(kind) if each is not type(None)))
    if origin is tuple:
        inner = get_args(kind)
        return (sample(inner[0]),) if inner[-1] is ... else tuple(sample(each) for each in inner)
    if origin is not None:
        raise TypeError(f"no sample of {kind}")
    kind = getattr(kind, "__supertype__", kind)
    if issubclass(kind, Enum):
        return list(kind)[-1]
    if issubclass(kind, msgspec.Struct):
        hints = get_type_hints(kind)
        return kind(**{name: sample(hints[name]) for name in kind.__struct_fields__})
    return {int: 7, str: "text", bool: True}[kind]


def one_of_each() -> list[AnyEvent]:
    """Return one event of every kind there is."""
    return [sample(kind) for kind in get_args(AnyEvent)]


def a_morning() -> Iterator[tuple[int, c.Command]]:
    """Yield seconds to wait and what then happens: a call, a form, an agent, all of it ended."""
    amara, call, form = AgentId("amara"), ItemId("KEPTCALL01"), ItemId("KEPTFORM01")
    yield 0, c.SignIn(amara, "desk-1")
    yield 1, c.SetStatus(amara, AgentStatus.AVAILABLE)
    yield 1, c.StartCall(call, "CA1", "CA1", "+19055550100", "a" * 32, "w-1")
    for _ in range(3):
        yield 2, c.AdvanceFlow(call, -1, "1")  # -1: the step at which the call stands
    yield 1, c.AskWait(call, 1)
    yield 2, c.AcceptOffer(OfferId(""), amara)  # "": whatever is open
    yield 1, c.ReportEffect(EffectKey(""), done=True, call_id="CA2")  # "": whatever is pending
    yield 3, c.ReportLeg(call, "agent", "CA2", LegResult.ANSWERED)
    yield 5, c.EndCall(call, "CA1", "completed")
    yield 5, c.CloseItem(call, amara, "answered")
    yield 1, c.SubmitForm(form, "f-1", "report", "road-repair", "b" * 32, "w-2", "w-3", "en")
    yield 5, c.SetStatus(amara, AgentStatus.AWAY, "lunch")


def aimed(command: c.Command, state: State) -> c.Command:
    """Return the command with what only the state knows filled in."""
    if isinstance(command, c.AdvanceFlow):
        flow = state.items[command.item_id].flow
        return msgspec.structs.replace(command, step=0 if flow is None else flow.step)
    if isinstance(command, c.AcceptOffer):
        return msgspec.structs.replace(command, offer_id=next(iter(state.offers), command.offer_id))
    if isinstance(command, c.ReportEffect):
        return msgspec.structs.replace(command, key=next(iter(state.pending), command.key))
    return command


async def make(folder: Path, release: str) -> None:
    """Write the release's files; the snapshot stands in the middle of the journal."""
    clock = LeapableClock(TUESDAY)
    path = folder / f"journal-{release}.sqlite"
    journal = await SqliteJournal.open(path)
    engine = Engine()
    sequencer = Sequencer(engine, journal, clock, SeededIds(1), Publisher(), Metrics())
    loaded = load(Path(), today=date_of(TUESDAY))
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(sequencer.run())
        await sequencer.submit(c.AdoptPolicy(sequencer.know_policy(loaded.body)), _nothing)
        for number, (wait_s, command) in enumerate(a_morning()):
            for _ in range(wait_s):
                await clock.advance_to(clock.now() + SECOND)
                await asyncio.sleep(0.02)  # the disk is real
            try:
                await sequencer.submit(aimed(command, engine.state), _nothing)
            except Exception as error:
                sys.stderr.write(f"{command}: {error}\n")
            if number == 5:
                await journal.save_snapshot(encode_snapshot(engine.state.freeze(), release))
        sequencer.stop()
    await journal.close()
    path.with_name(f"{path.name}.lock").unlink(missing_ok=True)
    leads_to = {"version": engine.state.version, "items": sorted(engine.state.items)}
    path.with_suffix(".json").write_text(json.dumps(leads_to) + "\n")
    (folder / f"events-{release}.msgpack").write_bytes(encode_events(one_of_each()))


def _nothing(_: State) -> None:
    """Nobody waits."""


if __name__ == "__main__":
    asyncio.run(make(Path(sys.argv[1]), sys.argv[2]))
