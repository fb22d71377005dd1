/** A figure of a report as people read it. */

import type { Language } from "../shell/preferences.svelte";
import { span } from "./times";

const NOTHING = "–";

/** The figure in its unit; a dash where nothing was counted. */
export function shownFigure(value: number | null | undefined, unit: string, language: Language): string {
  if (value == null) return NOTHING;
  const locale = `${language}-CA`;
  switch (unit) {
    case "seconds":
      return span(value);
    case "hours":
      return span(value * 3600);
    case "share":
      return value.toLocaleString(locale, { style: "percent", maximumFractionDigits: 0 });
    default:
      return value.toLocaleString(locale, { maximumFractionDigits: 2 });
  }
}
