/** Figures as people read them, how they differ from those before, and which stand together. */

import type { Definition, Report, Row } from "../protocol/messages";
import type { Language } from "../shell/preferences.svelte";
import type { SetName } from "./choice";

export type Value = number | null | undefined;

const SPACE = "\u00a0";
export const NOTHING = "–";
const HOUR = 3600;

/** The figures of each set; one that stands in none is shown in the first. */
const SET_OF: Readonly<Record<string, SetName>> = Object.fromEntries(
  Object.entries({
    waiting:
      "offered answered service_level promised_share answer_time first_response overdue abandoned " +
      "abandoned_at_once abandoned_share callbacks left_otherwise",
    handling:
      "handled handle_time talk_time hold_time wrap_up_time transfers transfer_share requeues " +
      "requeue_share first_contact",
    ratings: "ratings satisfaction score",
    time: "at_desk worked ready away occupancy",
  }).flatMap(([set, keys]) => keys.split(" ").map((key) => [key, set as SetName])),
);

/** What is told first, of everything together. */
const SUMMARY = [
  "received", "closed", "open_at_end", "handled", "handle_time", "first_contact", "transfer_share",
  "satisfaction", "occupancy",
]; // prettier-ignore

/** The figure as text, as router/reports/shown.py writes it; French has a comma for the point. */
export function shown(value: Value, unit: string, language: Language): string {
  if (value === null || value === undefined) return NOTHING;
  const text = (UNITS[unit] ?? String)(value);
  return language === "fr" ? text.replace(".", ",") : text;
}

const UNITS: Readonly<Record<string, (value: number) => string>> = {
  count: (value) => Math.round(value).toString().replace(/\B(?=(\d{3})+$)/g, SPACE),
  per_day: (value) => value.toFixed(1),
  share: (value) => `${(100 * value).toFixed(1)}${SPACE}%`,
  seconds: inMinutes,
  hours: (value) => `${value.toFixed(1)}${SPACE}h`,
  score: (value) => value.toFixed(2),
};

function inMinutes(value: number): string {
  const whole = Math.round(value);
  const two = (number: number): string => String(number).padStart(2, "0");
  if (whole < HOUR) return `${Math.floor(whole / 60)}:${two(whole % 60)}`;
  return `${Math.floor(whole / HOUR)} h ${two(Math.floor((whole % HOUR) / 60))} min`;
}

/** How the figure differs from the one before: in points where it is a share, else in percent. */
export function change(now: Value, before: Value, unit: string, language: Language): string {
  if (typeof now !== "number" || typeof before !== "number") return "";
  if (unit === "share") return signed(100 * (now - before), 1, "pt", language);
  if (unit === "score") return signed(now - before, 2, "", language);
  return before === 0 ? "" : signed((100 * (now - before)) / before, 0, "%", language);
}

function signed(number: number, digits: number, unit: string, language: Language): string {
  const size = Math.abs(number).toFixed(digits);
  const sign = Number(size) === 0 ? "±" : number < 0 ? "−" : "+";
  const text = `${sign}${size}${unit && SPACE}${unit}`;
  return language === "fr" ? text.replace(".", ",") : text;
}

/** The definitions of a set. */
export function ofSet(definitions: readonly Definition[], set: SetName): Definition[] {
  return definitions.filter((each) => (SET_OF[each.key] ?? "volume") === set);
}

/** The rows to show: of the channel, and with anything in these columns. */
export function rowsOf(rows: readonly Row[], channel: string, columns: readonly Definition[]): Row[] {
  const wanted = channel === "all" ? "" : channel;
  return rows.filter(
    (row) =>
      (channel === "each" || row.channel === wanted) &&
      columns.some(({ key }) => typeof row.figures[key] === "number"),
  );
}

/** Where the same row stands in another report. */
export function placeOf(row: Row): string {
  return JSON.stringify([row.value, row.channel]);
}

/** What everything together comes to, but for figures that nothing was counted for. */
export function summaryOf(report: Report): Definition[] {
  const whole = wholeOf(report);
  return report.definitions.filter(
    ({ key }) => SUMMARY.includes(key) && typeof whole?.figures[key] === "number",
  );
}

/** The row of all groups on all channels. */
export function wholeOf(report: Report | null): Row | undefined {
  return report?.total.find((row) => row.channel === "");
}
