/** What charts are drawn from: figures over the hours or days of a period, by channel or group. */

import type { Report, Row } from "../protocol/messages";
import { daysOf } from "./choice";
import type { Value } from "./figures";

const HOUR_MS = 3_600_000;
const STEPS = [1, 2, 5, 10];

export interface Slot {
  /** The row's value: a day, or the hour's begin with its offset; "" where nothing was counted. */
  value: string;
  /** As in "08:00" or "23". */
  label: string;
}

/** A line or a layer of columns, a value for each slot. */
export interface Series {
  channel: string;
  name: string;
  values: Value[];
}

/** The slots of the period: all its days, or the hours from the first to the last with anything. */
export function slotsOf(report: Report): Slot[] {
  if (report.by === "day") {
    return daysOf(report.first, report.last).map((day) => ({ value: day, label: String(Number(day.slice(8))) }));
  }
  const slots: Slot[] = [];
  let last = 0;
  for (const { value, name } of report.rows) {
    const at = Date.parse(value ?? "");
    if (slots.length > 0 && at === last) continue;
    for (let missing = last + HOUR_MS; slots.length > 0 && missing < at; missing += HOUR_MS) {
      slots.push({ value: "", label: hourAfter(slots.at(-1)!.label) });
    }
    slots.push({ value: value ?? "", label: name });
    last = at;
  }
  return slots;
}

function hourAfter(label: string): string {
  return `${String((Number(label.slice(0, 2)) + 1) % 24).padStart(2, "0")}:00`;
}

/** A figure of each channel that has it anywhere, in the order of the report. */
export function seriesOf(report: Report, slots: readonly Slot[], key: string): Series[] {
  return report.total
    .filter((row) => row.channel !== "" && typeof row.figures[key] === "number")
    .map(({ channel, channel_name: name }) => {
      const found = new Map(
        report.rows.filter((row) => row.channel === channel).map((row) => [row.value, row.figures[key]]),
      );
      return { channel, name, values: slots.map((slot) => found.get(slot.value) ?? null) };
    });
}

/** Channels whose values are not nothing but zeros. */
export function withAny(series: readonly Series[]): Series[] {
  return series.filter((each) => each.values.some((value) => value));
}

export interface Bar {
  name: string;
  value: number;
}

/** The groups with the largest figure, over all channels or, by channel, each. */
export function largest(rows: readonly Row[], key: string, isByChannel: boolean, most: number): Bar[] {
  return rows
    .filter((row) => isByChannel || row.channel === "")
    .map((row) => ({ name: row.name, value: row.figures[key] ?? 0 }))
    .filter((bar) => bar.value > 0)
    .sort((a, b) => b.value - a.value || a.name.localeCompare(b.name))
    .slice(0, most);
}

/** Heights of the layers of a column, from the ground up: from and to. */
export function stacked(series: readonly Series[], slot: number): [from: number, to: number][] {
  let ground = 0;
  return series.map(({ values }) => [ground, (ground += values[slot] ?? 0)]);
}

/** Round figures from zero to no less than the largest, at most six, each whole. */
export function ticksTo(largestValue: number): number[] {
  const least = Math.max(1, largestValue / 5);
  const size = 10 ** Math.floor(Math.log10(least));
  const step = STEPS.map((each) => each * size).find((each) => each >= least - 1e-9) ?? 10 * size;
  const many = Math.max(1, Math.ceil(largestValue / step - 1e-9));
  return Array.from({ length: many + 1 }, (_, index) => index * step);
}

/** Every how many slots a label has room. */
export function labelEvery(slots: number, width: number, needed: number): number {
  return Math.max(1, Math.ceil((slots * needed) / Math.max(1, width)));
}

/** The pieces of a line: it is interrupted where nothing was counted. */
export function piecesOf(values: readonly Value[]): number[][] {
  const pieces: number[][] = [];
  values.forEach((value, index) => {
    if (typeof value !== "number") return;
    const before = pieces.at(-1);
    if (before?.at(-1) === index - 1) before.push(index);
    else pieces.push([index]);
  });
  return pieces;
}
