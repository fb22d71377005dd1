import { afterEach, beforeEach, expect, it } from "vitest";

import type { HappenedView, Happening } from "../protocol/messages";
import { zone } from "../shell/zone.svelte";
import { lines, reason } from "./story";

const NOW = Date.parse("2026-11-23T15:30:00Z");

beforeEach(() => (zone.name = "America/Toronto"));
afterEach(() => (zone.name = ""));

const fact = (what: Happening, more: Partial<HappenedView> = {}): HappenedView => ({
  what,
  at: null,
  form: null,
  name: "",
  more: "",
  count: 0,
  ...more,
});

it("tells a story in both languages, in the town's time", () => {
  const story = [
    fact("came", { form: "mail", name: "info", at: "2026-11-23T15:00:00Z" }),
    fact("offered", { count: 2 }),
    fact("perhaps", { form: "mail", name: "W2", more: "same sender" }),
  ];
  expect(lines(story, NOW, "en")).toEqual([
    expect.stringMatching(/^wrote to info at 10:00.a\.m\.$/),
    "offered 2 times so far",
    "perhaps the same as W2: same sender",
  ]);
  expect(lines(story, NOW, "fr")).toEqual([
    expect.stringMatching(/^a écrit à info à 10.h.00$/),
    "offert 2 fois jusqu’ici",
    "peut-être le même que W2 : même expéditeur",
  ]);
});

it.each([
  ["longest idle", "free the longest", "libre depuis le plus longtemps"],
  [
    "number 2 of 3 asked at once: best level, then longest idle",
    "one of 3 asked at once: best at it, then free the longest",
    "une des 3 personnes appelées ensemble : le meilleur niveau, puis libre depuis le plus longtemps",
  ],
  ["assigned by sam", "assigned to you by sam", "attribué à vous par sam"],
  ["a rule of tomorrow", "a rule of tomorrow", "a rule of tomorrow"],
])("says the reason %s", (rule, en, fr) => {
  expect(reason(rule, "en")).toBe(en);
  expect(reason(rule, "fr")).toBe(fr);
});
