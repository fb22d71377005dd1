import { describe, expect, it } from "vitest";

import { beside, choiceOf, choicesBy, daysLater, daysOf, DEFAULT, isDay, searchOf, withKind, type Choice } from "./choice";

describe("the address", () => {
  it("says nothing of what is as always", () => {
    expect(choiceOf("")).toEqual(DEFAULT);
    expect(searchOf(DEFAULT)).toBe("");
  });

  it("brings back what was chosen", () => {
    const choice: Choice = {
      kind: "month",
      day: "2026-02-28",
      by: "agent",
      channel: "voice",
      figures: "handling",
      isCompared: false,
    };
    expect(choiceOf(searchOf(choice))).toEqual(choice);
  });

  it.each(["?kind=year", "?by=resident", "?day=yesterday", "?day=2026-02-30", "?kind=week&by=hour", "?channel=x", "?figures=x"])(
    "does not guess what %s may mean",
    (search) => {
      expect(choiceOf(search)).toBeNull();
    },
  );
});

describe("a period", () => {
  it("of a day has hours, a longer one days", () => {
    expect(withKind({ ...DEFAULT, by: "hour" }, "week").by).toBe("day");
    expect(withKind({ ...DEFAULT, kind: "month", by: "day" }, "day").by).toBe("hour");
    expect(withKind({ ...DEFAULT, by: "ward" }, "week").by).toBe("ward");
    expect(choicesBy("day")).toContain("hour");
    expect(choicesBy("month")).not.toContain("hour");
  });

  it.each([
    ["day", "2026-03-01", "2026-02-28", "2026-03-02"],
    ["week", "2026-11-29", "2026-11-22", "2026-11-30"],
    ["week", "2026-11-23", "2026-11-22", "2026-11-30"],
    ["month", "2027-01-31", "2026-12-31", "2027-02-01"],
    ["month", "2026-12-15", "2026-11-30", "2027-01-01"],
  ] as const)("the %s of %s lies between others", (kind, day, before, after) => {
    expect([beside(kind, day, false), beside(kind, day, true)]).toEqual([before, after]);
  });

  it("goes over the ends of months and years", () => {
    expect(daysLater("2026-12-31", 1)).toBe("2027-01-01");
    expect(daysLater("2028-03-01", -1)).toBe("2028-02-29");
    expect(daysOf("2026-10-31", "2026-11-02")).toEqual(["2026-10-31", "2026-11-01", "2026-11-02"]);
    expect(daysOf("2026-11-02", "2026-11-02")).toEqual(["2026-11-02"]);
  });

  it("has days that there are", () => {
    expect(["2026-11-31", "2026-1-1", "", "0000-01-01"].map(isDay)).toEqual([false, false, false, false]);
    expect(isDay("2024-02-29")).toBe(true);
  });
});
