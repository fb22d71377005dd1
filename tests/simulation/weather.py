"""What goes wrong on a day: storage, webhooks, the carrier's REST calls, other daemons."""

from __future__ import annotations

import random

from channels.voice.practice.faults import RestFault, WebhookFault
from channels.voice.practice.webhooks import Purpose
from router.core.commands import PassTime, SubmitForm
from router.core.engine import Engine
from router.core.model import SECOND, ItemId
from router.core.state import State
from router.core.upcast import encode_events
from router.ports import Batch, Words
from router.runtime.journal_faults import NO_FAULT, AppendFault, Faults, FaultShares
from tests.simulation.virtual_loop import LoopClock
from tests.simulation.watch import Watch

SLOWEST = 6 * SECOND  # longer than senders wait


class Weather:
    """A `FaultPlan` that can clear up, and a second daemon that stores forms now and then."""

    def __init__(self, seed: int, clock: LoopClock, watch: Watch) -> None:
        rng = random.Random(seed)
        self.calm = False
        self._clock, self._watch = clock, watch
        self._count = 0
        worst = self._worst = rng.choice([0.002, 0.01, 0.05])
        self._blobs = random.Random(f"{seed} blobs")
        shares = FaultShares(
            conflict=worst, refused=worst, unknown=worst, slow=worst, torn_snapshot=0.3
        )
        self._faults = Faults(seed, shares, foreign=self._foreign, delay_max=SLOWEST)

    def next_append(self, version: int) -> AppendFault:
        """Return what happens to the append."""
        return NO_FAULT if self.calm else self._faults.next_append(version)

    def next_snapshot_is_torn(self) -> bool:
        """Return whether the snapshot is torn."""
        return not self.calm and self._faults.next_snapshot_is_torn()

    def next_blob_fails(self) -> bool:
        """Return whether the disk of blobs takes nothing just now."""
        return not self.calm and self._blobs.random() < self._worst

    def _foreign(self, version: int) -> tuple[Batch, ...]:
        """Return what another daemon has stored just now: a form, decided on the same journal."""
        self._watch.catch_up()
        state: State = self._watch.twin
        if not state.policy_hash:
            return ()
        self._count += 1
        name = f"0F0RE{self._count:05}"
        command = SubmitForm(
            item_id=ItemId(name),
            key=f"form:report:foreign-{self._count}",
            form="report",
            subject="pothole",
            address_key="",
            contact_ref=f"w_c{self._count}",
            words_ref=f"w_f{self._count}",
            language="en",
        )
        now = max(self._clock.now(), state.now)
        state.keep_undo()
        other = Engine(state)
        events = [*other.run(PassTime(), now), *other.run(command, now)]
        state.back_to(0)
        state.drop_undo()
        self._watch.promised[command.key] = command.item_id
        words = (
            Words(command.contact_ref, "contact", b'{"number":"","name":"","email":""}'),
            Words(command.words_ref, "form", b"{}"),
        )
        batch_id = f"foreign-{self._count}"
        return (Batch(batch_id, now, len(events), encode_events(events), words),)


def webhook_fault(rng: random.Random) -> WebhookFault:
    """Return some mishap of a webhook."""
    match = rng.choice(["", *Purpose, Purpose.STATUS, Purpose.WAIT, Purpose.GATHER])
    fault = WebhookFault(match=match)
    match rng.choice(["repeat", "together", "late", "late", "drop"]):
        case "repeat":
            fault.repeat = rng.randint(1, 3)
        case "together":
            fault.repeat, fault.together = rng.randint(1, 3), True
        case "late":
            fault.delay_s = rng.uniform(0.1, 40)
        case "drop":
            fault.drop = True
    return fault


def rest_fault(rng: random.Random) -> RestFault:
    """Return some mishap of a call to the carrier."""
    fault = RestFault(match=rng.choice(["", "Calls", "Participants", "GET"]))
    match rng.choice(["status", "hang", "late"]):
        case "status":
            fault.status = rng.choice([429, 500, 503])
            fault.times = rng.choice([1, 1, 2, 6])
        case "hang":
            fault.hang = True
        case "late":
            fault.delay_s = rng.uniform(0.1, 15)
    fault.perform = rng.random() < 0.4
    return fault
