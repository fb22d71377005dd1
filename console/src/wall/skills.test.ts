import { expect, test } from "vitest";

import type { AgentSkillsView, SkillView } from "../protocol/messages";
import { changedLevels, inShort, levelsOf } from "./skills";

function skill(id: string, level: number, usual: number): SkillView {
  return { skill: id, names: { en: id, fr: `${id} (fr)` }, level, usual };
}

const VIEW: AgentSkillsView = {
  agent: "boris",
  name: "Boris",
  skills: [skill("roads", 6, 0), skill("tax", 0, 4), skill("permits", 7, 5), skill("french", 3, 3)],
  today: null,
};

test("what is asked for is everything that differs from what is written", () => {
  const levels = levelsOf(VIEW);
  expect(changedLevels(VIEW, levels)).toEqual({ roads: 6, tax: 0, permits: 7 });
  expect(changedLevels(VIEW, { ...levels, roads: 0, tax: 4, permits: 5 })).toEqual({});
});

test("new, gone and other levels are told apart", () => {
  const today = { changed: VIEW.skills.slice(0, 3), since: "", until: "", reason: "", by: "" };
  expect(inShort(today, "en")).toBe("+roads 6, −tax, permits 5 → 7");
  expect(inShort(today, "fr")).toBe("+roads (fr) 6, −tax (fr), permits (fr) 5 → 7");
});
