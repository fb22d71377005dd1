"""Tables of the state for what few items have, and for what people switched: part of `State`.

Each put remembers the row it replaced, like those of `State`; rows with an end have a timer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final

from msgspec.structs import replace

from router.core.index import Index
from router.core.model import AgentId, Instant, ItemId, PolicyHash, QueueId, Tempo
from router.core.policy import Policy
from router.core.records import QueueRow
from router.core.records_town import (
    GapRow,
    KindRow,
    LimitRow,
    LoneWalk,
    NoticeRow,
    OnCallRow,
    SkillsRow,
    SurgeRow,
)
from router.core.tempos import gap_key, key_of, named

SURGE: Final = "surge"  # key of the one row of its table


def with_levels(policy: Policy, rows: Iterable[SkillsRow]) -> Policy:
    """Return the policy in which agents have the levels of today; everything else is shared."""
    agents = dict(policy.agents)
    for row in rows:
        rule = agents.get(row.agent)
        if rule is not None:  # else another policy came, and the row is about to end
            levels = {**rule.skills, **dict(row.levels)}
            skills = {skill: level for skill, level in levels.items() if level}
            agents[row.agent] = replace(rule, skills=skills)
    return replace(policy, agents=agents) if agents != policy.agents else policy


class TownTables:
    """See the module's text."""

    index: Index
    queues: dict[QueueId, QueueRow]
    put_queue: Callable[[QueueRow], None]
    _put: Callable[[dict[Any, Any], Any, Any], None]
    _note_conditions: Callable[[QueueId, Tempo], None]
    policy_hash: PolicyHash
    _adopt: Callable[[PolicyHash], None]
    _undo: list[tuple[Any, ...]] | None

    def __init__(self) -> None:
        super().__init__()
        self.on_call: dict[ItemId, OnCallRow] = {}  # who was told of an item
        self.walks: dict[ItemId, LoneWalk] = {}  # whose caller has hung up
        self.notices: dict[str, NoticeRow] = {}
        self.surges: dict[str, SurgeRow] = {}
        self.limits: dict[str, LimitRow] = {}  # by `key_of`
        self.gaps: dict[str, GapRow] = {}  # by `gap_key`
        self.kinds: dict[str, KindRow] = {}  # by `key_of`
        self.skills: dict[AgentId, SkillsRow] = {}

    def put_on_call(self, item_id: ItemId, row: OnCallRow | None) -> None:
        """Put, replace or (None) remove."""
        if row is not None or item_id in self.on_call:
            self._put(self.on_call, item_id, row)

    def put_walk(self, item_id: ItemId, row: LoneWalk | None) -> None:
        """Put, replace or (None) remove."""
        if row is not None or item_id in self.walks:
            self._put(self.walks, item_id, row)
            self.time_town(row)

    def put_notice(self, name: str, row: NoticeRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.notices, name, row)
        self.time_town(row)

    def put_surge(self, row: SurgeRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.surges, SURGE, row)
        self.time_town(row)

    def put_skills(self, agent_id: AgentId, row: SkillsRow | None) -> None:
        """Put, replace or (None) remove; from then on `policy` has these levels."""
        if self._undo is not None:
            self._undo.append((self.put_skills, agent_id, self.skills.get(agent_id)))
        if row is None:
            self.skills.pop(agent_id, None)
        else:
            self.skills[agent_id] = row
            self.time_town(row)
        self._adopt(self.policy_hash)

    def put_limit(self, row: LimitRow) -> None:
        """Put or replace."""
        self._put(self.limits, key_of(row.queue, row.tempo), row)

    def put_gap(self, key: str, row: GapRow | None) -> None:
        """Put, replace or (None) remove."""
        self._put(self.gaps, key, row)
        self.time_town(row)

    def put_kind(self, row: KindRow) -> None:
        """Put or replace."""
        if self._undo is not None:
            self._undo.append((self._note_conditions, row.queue, row.tempo))
        self._put(self.kinds, key_of(row.queue, row.tempo), row)
        self.time_town(row)
        self._note_conditions(row.queue, row.tempo)

    def put_conditions(self, row: QueueRow | KindRow) -> None:
        """Put or replace a row of `conditions_row`."""
        if isinstance(row, QueueRow):
            self.put_queue(row)
        else:
            self.put_kind(row)

    def conditions_row(self, queue: QueueId, tempo: Tempo) -> QueueRow | KindRow:
        """Return what is true of a queue for those of one tempo, as far as anything was said."""
        if tempo is Tempo.LIVE:
            return self.queues.get(queue) or QueueRow(id=queue)
        return self.kinds.get(key_of(queue, tempo)) or KindRow(queue=queue, tempo=tempo)

    def time_town(self, row: Any) -> None:
        """Set the timer of a row of these tables, if it has one."""
        if isinstance(row, NoticeRow):
            self.index.timer(row.until, "notice", row.id)
        elif isinstance(row, SurgeRow):
            self.index.timer(row.until, "surge", SURGE)
        elif isinstance(row, SkillsRow):
            self.index.timer(row.until, "skills", row.agent)
        elif isinstance(row, LoneWalk):
            self.index.timer(row.due, "walk", row.item)
        elif isinstance(row, GapRow):
            self.index.timer(row.lasts_at, "gap", gap_key(row.queue, row.skill, row.tempo))
        elif isinstance(row, KindRow):
            self.index.timer(row.lasts_at, "condition", key_of(row.queue, row.tempo))

    def due_of_town(self, kind: str, name: str) -> Instant | None:
        """Return when the row is due whose timer has this kind and name."""
        if kind == "condition":
            return self.conditions_row(*named(name)).lasts_at
        if kind == "gap":
            gap = self.gaps.get(name)
            return None if gap is None else gap.lasts_at
        if kind == "walk":
            walk = self.walks.get(ItemId(name))
            return None if walk is None else walk.due
        tables: dict[str, dict[Any, Any]] = {
            "notice": self.notices,
            "surge": self.surges,
            "skills": self.skills,
        }
        row = tables[kind].get(name)
        return None if row is None else row.until
