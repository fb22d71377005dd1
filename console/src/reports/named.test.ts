import { expect, it } from "vitest";

import { named } from "./named";

it.each([
  ["day", "2026-11-23", "2026-11-23", "en", "Monday, November 23, 2026"],
  ["week", "2026-12-28", "2027-01-03", "en", "week December 28, 2026 – January 3, 2027"],
  ["month", "2026-11-01", "2026-11-30", "fr", "novembre 2026"],
] as const)("a %s is called as people call it", (kind, first, last, language, text) => {
  const called = named({ kind, first, last }, language, (days) => `week ${days}`);
  expect(called.replace(/\s*–\s*/, " – ")).toBe(text); // how wide spaces are differs
});
