import { expect, it } from "vitest";

import { shownFigure } from "./figure";

it.each([
  [null, "count", "–"],
  [0, "count", "0"],
  [242.4, "seconds", "4:02"],
  [1.5, "hours", "1:30 h"],
  [0.8, "share", "80"],
  [4.25, "score", "4"],
] as const)("%s in %s", (value, unit, text) => {
  expect(shownFigure(value, unit, "en")).toContain(text);
});
