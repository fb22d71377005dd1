/** Spans and instants as people read them. */

import type { Language } from "../shell/preferences.svelte";

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

/** The time of day; the date too, when it is another day than `now`. */
export function moment(at: string | number, now: number, language: Language): string {
  const date = new Date(at);
  const isToday = date.toDateString() === new Date(now).toDateString();
  const day = { day: "numeric", month: "short" } as const;
  const time = { hour: "numeric", minute: "2-digit" } as const;
  return date.toLocaleString(`${language}-CA`, isToday ? time : { ...day, ...time });
}

/** What a `datetime-local` field shows for an instant. */
export function forField(at: number): string {
  const date = new Date(at);
  return new Date(at - date.getTimezoneOffset() * MINUTE * 1000).toISOString().slice(0, 16);
}

/** A size in bytes, as in 12 kB. */
export function size(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  return bytes < 1_000_000 ? `${Math.round(bytes / 1000)} kB` : `${(bytes / 1_000_000).toFixed(1)} MB`;
}
