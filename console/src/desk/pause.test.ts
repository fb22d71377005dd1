import { expect, it } from "vitest";

import { pauseBefore } from "./pause";

it("grows, up to a limit", () => {
  const pauses = [0, 1, 2, 3, 20, 2000].map((tries) => pauseBefore(tries, 0));
  expect(pauses).toEqual([400, 800, 1600, 3200, 15_000, 15_000]);
});

it("spreads desks that lost the same daemon", () => {
  expect(pauseBefore(3, 1)).toBe(1600);
  expect(pauseBefore(3, 0.5)).toBe(2400);
});
