"""Reads a traffic file beside a policy: `config/traffic.yaml`, or one that somebody names.

It is held against its model and against the policy's names. The daemon never reads it, and no
mistake in it keeps a policy from being adopted.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Final

from router.core.model import Channel
from router.core.policy import Policy
from router.policy.clock_times import WEEKDAYS
from router.policy.complaints import Complaint, unknown
from router.policy.documents import Document, read
from router.policy.models_traffic import ContactsShape, StaffShiftShape, TrafficFile
from router.policy.shapes import fit

FILE: Final = "config/traffic.yaml"
PATIENT: Final = (Channel.MAIL, Channel.WEBFORM)  # nobody waits there and then
_SHARES_EPS: Final = 0.001


@dataclass(frozen=True, slots=True)
class LoadedTraffic:
    """What came of reading; without errors there is a model."""

    complaints: tuple[Complaint, ...]
    traffic: TrafficFile | None


def load_traffic(directory: Path, file: str, policy: Policy) -> LoadedTraffic:
    """Read the file and hold it against the policy. Errors: none; they stand in `complaints`."""
    part = fit(read(directory, file), TrafficFile)
    if part.model is not None:
        _check(part.document, part.model, policy)
    complaints = tuple(sorted(part.document.complaints))
    return LoadedTraffic(complaints, None if complaints else part.model)


def _check(document: Document, traffic: TrafficFile, policy: Policy) -> None:
    for name, each in traffic.contacts.items():
        _check_contacts(document, ("contacts", name), each, traffic, policy)
    for index, shift in enumerate(traffic.shifts):
        _check_shift(document, ("shifts", index), shift, policy)
    _check_overlaps(document, traffic)


def _check_contacts(
    document: Document,
    path: tuple[str | int, ...],
    each: ContactsShape,
    traffic: TrafficFile,
    policy: Policy,
) -> None:
    if each.queue not in policy.queues:
        document.complain((*path, "queue"), unknown("queue", each.queue, policy.queues))
    if each.profile and each.profile not in traffic.profiles:
        document.complain((*path, "profile"), unknown("profile", each.profile, traffic.profiles))
    known = [language.id for language in policy.languages]
    for language in each.languages:
        if language not in known:
            message = unknown("language", language, known)
            document.complain((*path, "languages", language), message, at_key=True)
    total = sum(each.languages.values())
    if each.languages and abs(total - 1) > _SHARES_EPS:
        document.complain((*path, "languages"), f"the shares make {total:g}; make them 1 together")
    if each.patience is not None and each.channel in PATIENT:
        message = f"nobody waits at the door {each.channel.value!r}; delete it"
        document.complain((*path, "patience"), message, at_key=True)


def _check_shift(
    document: Document, path: tuple[str | int, ...], shift: StaffShiftShape, policy: Policy
) -> None:
    for index, agent in enumerate(shift.agents):
        if agent not in policy.agents:
            message = unknown("agent", agent, policy.agents)
            document.complain((*path, "agents", index), message)
    if not shift.work:
        document.complain((*path, "work"), "nobody is there; write times, or delete the shift")
    for pause in shift.breaks:
        if not any(work.start <= pause.start < pause.end <= work.end for work in shift.work):
            document.complain((*path, "breaks"), "a break lies outside the work; move it")


def _check_overlaps(document: Document, traffic: TrafficFile) -> None:
    """Complain about an agent who would be there twice."""
    times: dict[tuple[str, int], list[tuple[int, int, int]]] = {}
    for index, shift in enumerate(traffic.shifts):
        for agent in shift.agents:
            for day in shift.days:
                row = times.setdefault((agent, day), [])
                row += [(work.start, work.end, index) for work in shift.work]
    for (agent, day), rows in times.items():
        for one, other in pairwise(sorted(rows)):
            if other[0] < one[1]:
                message = (
                    f"{agent!r} works twice at the same time on {WEEKDAYS[day]},"
                    f" here and in shifts[{one[2]}]; take one of them out"
                )
                document.complain(("shifts", other[2], "agents"), message)
