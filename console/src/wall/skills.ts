/** Skills for today: what is shown of them, and what is asked for. */

import type { AgentSkillsView, SkillView, SkillsTodayView } from "../protocol/messages";
import type { Language } from "../shell/preferences.svelte";
import { nameIn } from "./rows";

/** The levels that hold now, by skill. */
export function levelsOf(view: AgentSkillsView): Record<string, number> {
  return Object.fromEntries(view.skills.map((skill) => [skill.skill, skill.level]));
}

/** What differs from the written levels: all of it is asked for, because it replaces what was set. */
export function changedLevels(
  view: AgentSkillsView,
  levels: Record<string, number>,
): Record<string, number> {
  const changed = view.skills.filter((skill) => levels[skill.skill] !== skill.usual);
  return Object.fromEntries(changed.map((skill) => [skill.skill, levels[skill.skill] ?? 0]));
}

/** In a few words: + new, - gone, and from which level to which. */
export function inShort(today: SkillsTodayView, language: Language): string {
  return today.changed.map((skill) => short(skill, nameIn(skill.names, language, skill.skill))).join(", ");
}

function short(skill: SkillView, name: string): string {
  if (skill.level === 0) return `−${name}`;
  return skill.usual === 0 ? `+${name} ${skill.level}` : `${name} ${skill.usual} → ${skill.level}`;
}
