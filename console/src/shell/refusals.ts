/** Why something was not done, in the person's language. */

import { Refusal } from "./refusal";
import { inWords } from "./preferences.svelte";
import { WORDS } from "./words";

// Their messages name what is in the way, which no catalogue can know.
const TELLING = new Set(["not-now", "not-allowed", "malformed", "unknown-item", "unknown-target"]);

export function reasonOf(error: unknown): string {
  if (!(error instanceof Refusal)) return String(error);
  return reason(error.code, error.message);
}

export function reason(code: string, message: string): string {
  const known = inWords(WORDS).refusals[code];
  if (known === undefined) return message;
  return TELLING.has(code) && message ? `${known} (${message})` : known;
}
