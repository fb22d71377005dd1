/** How long to wait before connecting again: longer each time, and never all desks at once. */

const FIRST_MS = 400;
const LONGEST_MS = 15_000;
const SPREAD = 0.5;

/** `tries` that failed so far, from 0; `chance` from 0 to 1. */
export function pauseBefore(tries: number, chance: number = Math.random()): number {
  const full = Math.min(LONGEST_MS, FIRST_MS * 2 ** tries);
  return full * (1 - SPREAD * chance);
}
