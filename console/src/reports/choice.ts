/** What is asked for: a period and what its rows stand for. The address holds it. */

import type { By } from "../protocol/messages";

export type Kind = "day" | "week" | "month";
export type SetName = "volume" | "waiting" | "handling" | "ratings" | "time";

export interface Choice {
  kind: Kind;
  /** Any day of the period, as in 2026-11-23; "": today, whatever the town's day is. */
  day: string;
  by: By;
  /** Rows of one channel; "each": all rows; "all": those over all channels. */
  channel: string;
  /** Which figures the table shows. */
  figures: SetName;
  isCompared: boolean;
}

export const KINDS: readonly Kind[] = ["day", "week", "month"];
export const SETS: readonly SetName[] = ["volume", "waiting", "handling", "ratings", "time"];
const CHANNELS: readonly string[] = ["each", "all", "voice", "chat", "mail", "webform"];

export const DEFAULT: Choice = {
  kind: "day",
  day: "",
  by: "queue",
  channel: "each",
  figures: "volume",
  isCompared: true,
};

/** What the rows of such a period may stand for: hours are told of a day alone. */
export function choicesBy(kind: Kind): readonly By[] {
  return ["queue", "channel", "category", "ward", "agent", kind === "day" ? "hour" : "day"];
}

/** What an address asks for, as in `?kind=week&by=agent`; null when there is no such thing. */
export function choiceOf(search: string): Choice | null {
  const asked = new URLSearchParams(search);
  const kind = oneOf(KINDS, asked.get("kind") ?? DEFAULT.kind);
  const by = kind && oneOf(choicesBy(kind), asked.get("by") ?? DEFAULT.by);
  const channel = oneOf(CHANNELS, asked.get("channel") ?? DEFAULT.channel);
  const figures = oneOf(SETS, asked.get("figures") ?? DEFAULT.figures);
  const day = asked.get("day") ?? "";
  if (!kind || !by || !channel || !figures || (day !== "" && !isDay(day))) return null;
  return { kind, day, by, channel, figures, isCompared: asked.get("compared") !== "no" };
}

/** The address' end for a choice; what is as always is left out. */
export function searchOf(choice: Choice): string {
  const asked = new URLSearchParams();
  for (const key of ["kind", "day", "by", "channel", "figures"] as const) {
    if (choice[key] !== DEFAULT[key]) asked.set(key, choice[key]);
  }
  if (!choice.isCompared) asked.set("compared", "no");
  return asked.size > 0 ? `?${asked.toString()}` : "";
}

/** The same for another length; hours and days are each other's. */
export function withKind(choice: Choice, kind: Kind): Choice {
  const by = choice.by === "hour" || choice.by === "day" ? (kind === "day" ? "hour" : "day") : choice.by;
  return { ...choice, kind, by };
}

/** What the columns of charts over time stand for. */
export function overTime(kind: Kind): By {
  return kind === "day" ? "hour" : "day";
}

export function isDay(text: string): boolean {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(text)) return false;
  const date = new Date(`${text}T00:00Z`);
  return !Number.isNaN(date.getTime()) && written(date) === text && date.getUTCFullYear() > 1;
}

/** The first day of the period after the one that holds the day, or the last of the one before. */
export function beside(kind: Kind, day: string, isLater: boolean): string {
  const date = new Date(`${day}T00:00Z`);
  const days = kind === "day" ? 1 : 7;
  const first = kind === "week" ? daysLater(day, -((date.getUTCDay() + 6) % 7)) : day;
  if (kind !== "month") return daysLater(first, isLater ? days : -1);
  date.setUTCMonth(date.getUTCMonth() + (isLater ? 1 : 0), isLater ? 1 : 0);
  return written(date);
}

/** The day so many days later. */
export function daysLater(day: string, days: number): string {
  const date = new Date(`${day}T00:00Z`);
  date.setUTCDate(date.getUTCDate() + days);
  return written(date);
}

/** Every day from the first to the last. */
export function daysOf(first: string, last: string): string[] {
  const days = [first];
  for (let day = first; day < last; ) days.push((day = daysLater(day, 1)));
  return days;
}

function written(date: Date): string {
  return date.toISOString().slice(0, 10);
}

function oneOf<T extends string>(known: readonly T[], text: string): T | null {
  return known.find((each) => each === text) ?? null;
}
