import { describe, expect, it } from "vitest";

import type { WallAgentView, WallItemView, WallQueueView } from "../protocol/messages";
import { conditionsOf, countByKind, expectedOf, inLine, inOrder, kindOf, merged, moodOf, moodOfLevel, staffOf } from "./rows";

function queue(changes: Partial<WallQueueView>): WallQueueView {
  return { queue: "q", open: true, conditions: [], lines: [], staffed: [], levels: [], ...changes } as WallQueueView;
}

function agent(name: string, changes: Partial<WallAgentView> = {}): WallAgentView {
  const since = "2026-11-23T15:00:00Z";
  return {
    agent: name,
    status: "available",
    state: "idle",
    signed_in: true,
    since,
    state_since: since,
    ...changes,
  } as WallAgentView;
}

function item(name: string, changes: Partial<WallItemView>): WallItemView {
  return { item: name, tempo: "live", rank: 0, ...changes } as WallItemView;
}

describe("a queue", () => {
  it("names every condition once, the worst first", () => {
    const lines = [{ tempo: "live" as const, waiting: 1, since: null, conditions: ["at_risk", "surge"] }];
    expect(conditionsOf(queue({ conditions: ["surge"], lines }))).toEqual(["at_risk", "surge"]);
    expect(moodOf(queue({ conditions: ["surge"], lines }))).toBe("alarm");
  });

  it("says the expected wait once where both ends are the same, and nothing where it is not known", () => {
    const of = (low_s: number | null, high_s: number | null): string =>
      expectedOf(queue({ expected: { low_s, high_s } as WallQueueView["expected"] }));
    expect(of(60, 150)).toBe("1:00–2:30");
    expect(of(60, 60)).toBe("1:00");
    expect(of(60, null)).toBe("");
  });

  it("asks for nothing while it is closed", () => {
    expect(moodOf(queue({ open: false, conditions: ["closed", "unstaffed"] }))).toBe("calm");
  });

  it("counts who is there in the language most of them speak", () => {
    const rows = [
      { tempo: "live" as const, language: "en", signed_in: 6, available: 2 },
      { tempo: "live" as const, language: "fr", signed_in: 1, available: 1 },
      { tempo: "slow_text" as const, language: "en", signed_in: 9, available: 9 },
    ];
    expect(staffOf(queue({ staffed: rows }))).toEqual({ there: 2, here: 6 });
  });
});

describe("a level", () => {
  it("is good from the target on, and an alarm well below it", () => {
    expect([null, 0.7, 0.69, 0.6, 0.59].map((level) => moodOfLevel(level, 0.7))).toEqual([
      "calm",
      "good",
      "warn",
      "warn",
      "alarm",
    ]);
  });
});

describe("agents", () => {
  it("are away, or without a desk, whatever else they are", () => {
    expect(kindOf(agent("a", { status: "away" }))).toBe("away");
    expect(kindOf(agent("a", { signed_in: false, state: "handling" }))).toBe("gone");
    expect(kindOf(agent("a", { status: "away", state: "handling" }))).toBe("handling");
  });

  it("stand by state, in each the longest first", () => {
    const later = "2026-11-23T15:05:00Z";
    const all = [
      agent("away", { status: "away" }),
      agent("late", { state: "handling", state_since: later }),
      agent("long", { state: "handling" }),
      agent("vanished", { signed_in: false }),
    ];
    expect(inOrder(all).map((one) => one.agent)).toEqual(["vanished", "long", "late", "away"]);
    expect(countByKind(all)).toMatchObject({ handling: 2, away: 1, gone: 1, idle: 0 });
  });
});

describe("rows", () => {
  it("stand in the order of their lines, calls before chats before texts", () => {
    const rows = [
      item("t", { tempo: "slow_text", rank: 1 }),
      item("b", { rank: 5 }),
      item("a", { rank: 5 }),
      item("c", { tempo: "fast_text", rank: 0 }),
    ];
    expect(inLine(rows).map((row) => row.item)).toEqual(["a", "b", "c", "t"]);
  });

  it("that have not changed stay the same objects in the same places", () => {
    const [a, b, c] = [agent("a"), agent("b"), agent("c")];
    const changed = agent("b", { status: "away" });
    const rows = merged([a, b, c], [changed, agent("d")], (row) => row.agent, ["c"]);
    expect(rows.map((row) => row.agent)).toEqual(["a", "b", "d"]);
    expect(rows[0]).toBe(a);
    expect(rows[1]).toBe(changed);
  });
});
