"""What reports keep of a policy: what each queue promises, and how everything is called.

The journal may be cut one day, and the policies with it; a day that is over is judged by what was
promised then all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, select

from router.core import first_response
from router.core.formulas import FORMULAS
from router.core.model import Channel, Instant
from router.core.policy import Policy
from router.core.service_level import promise_of
from router.core.text_level import CHANNELS_OF_TEXTS
from router.history import report_tables as t
from router.history.report_rows import FormulaRow, NameRow, PromiseRow


def latest_zone(connection: Connection) -> ZoneInfo:
    """Return the town's, by the latest policy that reports have read; UTC before the first."""
    table = t.report_policies
    latest = select(table.c.time_zone).order_by(table.c.adopted_at.desc()).limit(1)
    return ZoneInfo(connection.execute(latest).scalar() or "UTC")


def promises_of(policy: Policy, at: Instant, day: str) -> Iterator[PromiseRow]:
    """Yield what is promised from the adoption on, for each queue and channel."""
    for queue in policy.queues.values():
        for channel in Channel:
            promise = promise_of(queue, channel)
            is_text = channel in CHANNELS_OF_TEXTS
            written = first_response.promise_of(queue, channel).written if is_text else ""
            yield PromiseRow(
                queue=queue.id,
                channel=channel.value,
                adopted_at=at,
                day=day,
                formula=promise.formula,
                share=promise.share,
                within=0 if is_text else promise.within,
                written=written,
            )


def names_of(policy: Policy) -> Iterator[NameRow]:
    """Yield how the town, its queues, categories and agents are called."""
    named: dict[str, Mapping[str, Mapping[str, str]]] = {
        "town": {policy.town: policy.name},
        "queue": {id_: queue.name for id_, queue in policy.queues.items()},
        "category": policy.subjects,
        "agent": {id_: {"": agent.name} for id_, agent in policy.agents.items()},
    }
    for kind, texts in named.items():
        for id_, names in texts.items():
            for language, name in names.items():
                yield NameRow(kind, id_, language, name)


def formulas_of() -> Iterator[FormulaRow]:
    """Yield what each result is to each formula that looks at it."""
    for formula in FORMULAS.values():
        for result in sorted(formula.looked_at):
            yield FormulaRow(formula.id, result, result in formula.met)
