/** Fetches what is shown: the report, the same of the period before, and how it went over time. */

import type { By, Report } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import type { Language } from "../shell/preferences.svelte";
import { reasonOf } from "../shell/refusals";
import { daysLater, type Kind, overTime } from "./choice";

export interface Wanted {
  kind: Kind;
  day: string;
  by: By;
  language: Language;
}

/** Where a report, or a file of it, is. */
export function addressOf(wanted: Omit<Wanted, "by"> & { by?: By }, file = ""): string {
  const asked = new URLSearchParams({ language: wanted.language });
  if (wanted.by !== undefined) asked.set("by", wanted.by);
  if (wanted.day !== "") asked.set("day", wanted.day);
  const path = api("reports", wanted.kind, ...(file === "" ? [] : [file]));
  return `${path}?${asked.toString()}`;
}

export class Reports {
  report = $state.raw<Report | null>(null);
  before = $state.raw<Report | null>(null);
  series = $state.raw<Report | null>(null);
  isLoading = $state(false);
  mistake = $state("");
  #asking = new AbortController();

  /** Show what is wanted; whatever was being fetched is given up. */
  async load(wanted: Wanted): Promise<void> {
    this.#asking.abort();
    const asking = (this.#asking = new AbortController());
    const get = (of: Wanted): Promise<Report> =>
      ask<Report>("GET", addressOf(of), undefined, asking.signal);
    this.isLoading = true;
    this.mistake = "";
    try {
      const report = await get(wanted);
      // its own days, not "today": midnight may pass between two questions
      const earlier = { ...wanted, day: daysLater(report.first, -1) };
      const over = { ...wanted, day: report.first, by: overTime(wanted.kind) };
      const others = [get(earlier), over.by === wanted.by ? report : get(over)];
      const [before, series] = await Promise.all(others);
      if (asking.signal.aborted) return;
      [this.report, this.before, this.series] = [report, before ?? null, series ?? null];
    } catch (error) {
      if (asking.signal.aborted) return;
      this.mistake = reasonOf(error);
      [this.report, this.before, this.series] = [null, null, null];
    }
    this.isLoading = false;
  }

  close(): void {
    this.#asking.abort();
  }
}
