"""Skills for today: what an agent may be asked for until an instant, whatever the policy says.

What is switched stands beside the policy and is laid over it (`state_town.with_levels`): everything
that asks for an agent's skills finds the levels of today, as if the policy had them. The end, by
hand or by time, is all there is to undo. What is on offer or in hand stays where it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from router.core import commands_lead as c
from router.core import events as e
from router.core.model import DAY, AgentId, Instant, Span
from router.core.records_town import SkillsRow
from router.core.requirement import LEVEL_MAX
from router.core.service_level import local_day
from router.core.state import State
from router.core.surge import BY_TIME
from router.core.tallies import end_of_day
from router.errors import NotAllowed, NotNow, UnknownAgent, UnknownTarget

LASTS_MAX: Final[Span] = 7 * DAY  # who can do it for longer has learned it: skills.yaml

Events = Iterator[e.Event]


def set_skills(s: State, now: Instant, c_: c.SetSkills) -> Events:
    """Let other levels hold for an agent; replaces what was set for them before.

    Raises:
        UnknownAgent, UnknownTarget: the policy has no such agent or skill.
        NotNow: its end lies behind.
        NotAllowed: for too long, a level that does not exist, or nothing to set.
    """
    policy = s.policy
    if c_.agent_id not in policy.agents:
        raise UnknownAgent(c_.agent_id)
    if not c_.levels:
        raise NotAllowed("no skill is named: say which level of which skill holds for today")
    for skill, level in c_.levels.items():
        if skill not in policy.skills:
            raise UnknownTarget(f"no skill {skill!r}; skills are {', '.join(policy.skills)}")
        if not 0 <= level <= LEVEL_MAX:
            raise NotAllowed(f"level {level} of {skill!r}: 1 to {LEVEL_MAX}, or 0 for none of it")
    until = c_.until
    if until is None:
        until = end_of_day(local_day(s, now), policy.time_zone)
    if until <= now:
        raise NotNow("it would have ended before now; its end must lie ahead")
    if until - now > LASTS_MAX:
        raise NotAllowed("for more than 7 days: put the levels into skills.yaml")
    levels = tuple((each, c_.levels[each]) for each in policy.skills if each in c_.levels)
    yield e.SkillsSet(
        at=now, agent=c_.agent_id, levels=levels, until=until, reason=c_.reason, by=c_.by
    )


def restore(s: State, now: Instant, c_: c.RestoreSkills) -> Events:
    """Back to what the policy says; there may be nothing to take back."""
    if c_.agent_id in s.skills:
        yield e.SkillsRestored(at=now, agent=c_.agent_id, by=c_.by)


def restored_by_time(s: State, now: Instant, name: str) -> Events:
    """Its end has come."""
    yield e.SkillsRestored(at=now, agent=AgentId(name), by=BY_TIME)


def follow_policy(s: State, now: Instant) -> Events:
    """Another policy is in force: what it has no agent or skill for ends, the rest stays."""
    for row in list(s.skills.values()):
        if row.agent not in s.policy.agents:
            yield _ended(row, now, f"the policy no longer has agent {row.agent}")
            continue
        left = tuple(each for each in row.levels if each[0] in s.policy.skills)
        gone = ", ".join(skill for skill, _ in row.levels if skill not in s.policy.skills)
        if gone and left:
            yield e.SkillsSet(
                at=now,
                agent=row.agent,
                levels=left,
                until=row.until,
                reason=row.reason,
                by=row.by,
            )
        elif gone:
            yield _ended(row, now, f"the policy no longer has skill {gone}")


def _ended(row: SkillsRow, now: Instant, why: str) -> e.SkillsRestored:
    return e.SkillsRestored(at=now, agent=row.agent, by=why)
