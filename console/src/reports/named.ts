/** What a period is called: Monday, November 23, 2026; November 2026. */

import type { Report } from "../protocol/messages";
import type { Language } from "../shell/preferences.svelte";

const DAY = { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" } as const;

export function named(
  { kind, first, last }: Pick<Report, "kind" | "first" | "last">,
  language: Language,
  weekOf: (days: string) => string,
): string {
  const [from, to] = [first, last].map((day) => new Date(`${day}T00:00Z`)) as [Date, Date];
  const written = (how: Intl.DateTimeFormatOptions): Intl.DateTimeFormat =>
    new Intl.DateTimeFormat(`${language}-CA`, how);
  if (kind === "day") return written({ ...DAY, weekday: "long" }).format(from);
  if (kind === "month") return written({ month: "long", year: "numeric", timeZone: "UTC" }).format(from);
  return weekOf(written(DAY).formatRange(from, to));
}
