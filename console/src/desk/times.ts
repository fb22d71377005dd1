/** Spans and instants as people read them. */

import type { Language } from "../shell/preferences.svelte";
import { zone } from "../shell/zone.svelte";

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A span in seconds, as in 0:42, 12:05, 3:20 h, 2 d. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (number: number): string => String(number).padStart(2, "0");
  if (whole < HOUR) return `${Math.floor(whole / MINUTE)}:${two(whole % MINUTE)}`;
  if (whole < DAY) return `${Math.floor(whole / HOUR)}:${two(Math.floor((whole % HOUR) / MINUTE))} h`;
  const days = whole / DAY;
  return `${days < 10 ? days.toFixed(1).replace(/\.0$/, "") : Math.round(days)} d`;
}

/** Seconds from one instant to another; both in milliseconds or as the daemon writes them. */
export function between(from: string | number, to: string | number): number {
  return (instant(to) - instant(from)) / 1000;
}

export function instant(moment: string | number): number {
  return typeof moment === "number" ? moment : Date.parse(moment);
}

/** The town's time of day; the date too, when it is another day there than `now`. */
export function moment(at: string | number, now: number, language: Language): string {
  const when = instant(at);
  const style = dayOf(when) === dayOf(now) ? "time" : "dayAndTime";
  return written(`${language}-CA`, style).format(when);
}

/** What a `datetime-local` field shows for an instant: the town's day and time. */
export function forField(at: number): string {
  return new Date(at + ahead(at)).toISOString().slice(0, 16);
}

/**
 * The instant that a `datetime-local` field means, in milliseconds. Of a time that occurs twice the first; a time
 * that the clock jumps over is as long after the jump as it would have been without one.
 */
export function fromField(text: string): number {
  const local = Date.parse(`${text}Z`);
  const either = [local - ahead(local - DAY * 1000), local - ahead(local + DAY * 1000)] as const;
  const real = either.filter((one) => one + ahead(one) === local);
  return real.length > 0 ? Math.min(...real) : either[0];
}

/** What the daemon is told for a `datetime-local` field. */
export function fieldIso(text: string): string {
  return new Date(fromField(text)).toISOString();
}

/** The instant of a time of day in the town, so many days after the day of `from`. */
export function onDay(from: number, days: number, time: string): number {
  const noon = Date.parse(`${dayOf(from)}T12:00Z`) + days * DAY * 1000;
  return fromField(`${new Date(noon).toISOString().slice(0, 10)}T${time}`);
}

function dayOf(at: number): string {
  return forField(at).slice(0, 10);
}

/** Milliseconds by which the town's clocks are ahead of UTC. */
function ahead(at: number): number {
  const parts = written("en-CA", "whole").formatToParts(at);
  const part = (type: string): number => Number(parts.find((one) => one.type === type)?.value);
  const [year, month, day] = [part("year"), part("month"), part("day")];
  const local = Date.UTC(year, month - 1, day, part("hour"), part("minute"), part("second"));
  return local - Math.floor(at / 1000) * 1000;
}

const STYLES = {
  time: { hour: "numeric", minute: "2-digit" },
  dayAndTime: { day: "numeric", month: "short", hour: "numeric", minute: "2-digit" },
  whole: {
    year: "numeric",
    month: "2-digit",
    day: "2-digit",
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  },
} as const;

/** Made once for each zone, language and style: making one costs more than a whole line of the wallboard. */
const made = new Map<string, Intl.DateTimeFormat>();

function written(locale: string, style: keyof typeof STYLES): Intl.DateTimeFormat {
  const key = `${zone.name} ${locale} ${style}`;
  let found = made.get(key);
  if (found === undefined) {
    const place = zone.name === "" ? {} : { timeZone: zone.name };
    found = new Intl.DateTimeFormat(locale, { ...STYLES[style], ...place });
    made.set(key, found);
  }
  return found;
}

/** A size in bytes, as in 12 kB. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
