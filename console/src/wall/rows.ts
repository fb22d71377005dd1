/** What the rows of the wallboard mean: how bad, in which order, how many. */

import { span } from "../desk/times";
import type {
  ServiceLevelView,
  Tempo,
  WallAgentView,
  WallItemView,
  WallLineView,
  WallQueueView,
} from "../protocol/messages";
import type { Language } from "../shell/preferences.svelte";

export type Mood = "good" | "warn" | "alarm" | "calm";

/** How an agent is shown: the state, or why they cannot be offered anything. */
export const KINDS = ["gone", "offered", "handling", "wrap_up", "idle", "away"] as const;
export type Kind = (typeof KINDS)[number];

export const TEMPOS: readonly Tempo[] = ["live", "fast_text", "slow_text"];

const NEAR = 0.1; // so far below the target is not an alarm yet
const WRONG: Record<string, Mood> = {
  at_risk: "alarm",
  unstaffed: "alarm",
  all_away: "alarm",
  full: "alarm",
  late: "alarm",
  long_wait: "warn",
  no_language: "warn",
  closing: "warn",
  surge: "warn",
};

/** The name in the person's language, or in any; the id of what has none. */
export function nameIn(names: Record<string, string> | undefined, language: Language, id: string): string {
  return names?.[language] || Object.values(names ?? {})[0] || id;
}

export function lineOf(queue: WallQueueView, tempo: Tempo): WallLineView | undefined {
  return queue.lines.find((line) => line.tempo === tempo);
}

/** Everything that is true of the queue, once each, the worst first. */
export function conditionsOf(queue: WallQueueView): string[] {
  const all = new Set([...queue.conditions, ...queue.lines.flatMap((line) => line.conditions)]);
  return [...all].sort((a, b) => weight(moodOfCondition(b)) - weight(moodOfCondition(a)));
}

export function moodOfCondition(condition: string): Mood {
  return WRONG[condition] ?? "calm";
}

export function levelOf(queue: WallQueueView, channel = "voice"): ServiceLevelView | undefined {
  return queue.levels.find((level) => level.channel === channel);
}

export function moodOfLevel(level: number | null, target: number): Mood {
  if (level === null) return "calm";
  if (level >= target) return "good";
  return level >= target - NEAR ? "warn" : "alarm";
}

/** How much a queue asks to be looked at. */
export function moodOf(queue: WallQueueView): Mood {
  if (!queue.open) return "calm";
  const moods = conditionsOf(queue).map(moodOfCondition);
  if (moods.includes("alarm")) return "alarm";
  return moods.includes("warn") ? "warn" : "calm";
}

/** How long whoever comes now will wait, as far as it can be told. */
export function expectedOf(queue: WallQueueView): string {
  const { low_s, high_s } = queue.expected;
  if (high_s === null || low_s === null) return "";
  return low_s === high_s ? span(low_s) : `${span(low_s)}–${span(high_s)}`;
}

export function percent(level: number | null): string {
  return level === null ? "–" : `${Math.round(level * 100)} %`;
}

/** Agents who are not away, and signed in, for calls in the language that most of them speak. */
export function staffOf(queue: WallQueueView): { there: number; here: number } {
  const rows = queue.staffed.filter((row) => row.tempo === "live");
  const here = Math.max(0, ...rows.map((row) => row.signed_in));
  const there = Math.max(0, ...rows.map((row) => row.available));
  return { there, here };
}

export function kindOf(agent: WallAgentView): Kind {
  if (!agent.signed_in) return "gone";
  if (agent.state !== "idle") return agent.state;
  return agent.status === "available" ? "idle" : "away";
}

/** Since when the agent is what is shown of them. */
export function sinceOf(agent: WallAgentView): string {
  return agent.state === "idle" ? agent.since : agent.state_since;
}

/** In order of state, in each the longest first. */
export function inOrder(agents: readonly WallAgentView[]): WallAgentView[] {
  const place = new Map(KINDS.map((kind, index) => [kind, index]));
  const key = (agent: WallAgentView): number => place.get(kindOf(agent)) ?? 0;
  return [...agents].sort(
    (a, b) => key(a) - key(b) || compare(sinceOf(a), sinceOf(b)) || compare(a.agent, b.agent),
  );
}

export function countByKind(agents: readonly WallAgentView[]): Record<Kind, number> {
  const counts = Object.fromEntries(KINDS.map((kind) => [kind, 0])) as Record<Kind, number>;
  for (const agent of agents) counts[kindOf(agent)] += 1;
  return counts;
}

/** The lines of a queue one below the other, each in its order. */
export function inLine(items: Iterable<WallItemView>): WallItemView[] {
  const place = (item: WallItemView): number => TEMPOS.indexOf(item.tempo);
  return [...items].sort(
    (a, b) => place(a) - place(b) || a.rank - b.rank || compare(a.item, b.item),
  );
}

/** The old rows with what has changed; rows that have not are the same objects. */
export function merged<R>(
  old: readonly R[],
  changed: readonly R[],
  name: (row: R) => string,
  gone: readonly string[] = [],
): R[] {
  const rows = new Map(old.map((row) => [name(row), row]));
  for (const each of gone) rows.delete(each);
  for (const row of changed) rows.set(name(row), row);
  return [...rows.values()];
}

function weight(mood: Mood): number {
  return { calm: 0, good: 0, warn: 1, alarm: 2 }[mood];
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
