"""What agents can do, as it is written and as it holds today: from the state to views. Pure."""

from __future__ import annotations

from router.core.model import AgentId
from router.core.state import State
from router.desk.view_types import View, moment
from router.desk.views import SkillsTodayView, SkillView
from router.errors import UnknownAgent


class AgentSkillsView(View, frozen=True, kw_only=True):
    """Every skill of the town, with the levels of one agent."""

    agent: str
    name: str
    skills: tuple[SkillView, ...]
    today: SkillsTodayView | None


def agent_skills_view(state: State, agent_id: AgentId) -> AgentSkillsView:
    """Return what the agent can do. Errors: `UnknownAgent`."""
    rule = state.policy.agents.get(agent_id)
    if rule is None:
        raise UnknownAgent(agent_id)
    return AgentSkillsView(
        agent=agent_id,
        name=rule.name,
        skills=tuple(_skill(state, agent_id, skill) for skill in state.policy.skills),
        today=skills_today_view(state, agent_id),
    )


def skills_today_view(state: State, agent_id: AgentId) -> SkillsTodayView | None:
    """Return what was set for the agent; None: the policy holds."""
    row = state.skills.get(agent_id)
    if row is None:
        return None
    return SkillsTodayView(
        changed=tuple(_skill(state, agent_id, skill) for skill, _ in row.levels),
        since=moment(row.since),
        until=moment(row.until),
        reason=row.reason,
        by=row.by,
    )


def _skill(state: State, agent_id: AgentId, skill: str) -> SkillView:
    written = state.policies[state.policy_hash].agents[agent_id].skills
    return SkillView(
        skill=skill,
        names=state.policy.skills[skill].name,
        level=state.policy.agents[agent_id].skills.get(skill, 0),
        usual=written.get(skill, 0),
    )
