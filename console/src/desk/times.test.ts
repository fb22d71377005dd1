import { describe, expect, it } from "vitest";

import { between, forField, moment, size, span } from "./times";

describe("span", () => {
  it.each([
    [0, "0:00"],
    [-5, "0:00"],
    [9.4, "0:09"],
    [59.6, "1:00"],
    [725, "12:05"],
    [3600, "1:00 h"],
    [12_000, "3:20 h"],
    [86_400, "1 d"],
    [129_600, "1.5 d"],
    [1_000_000, "12 d"],
  ])("of %d seconds is %s", (seconds, text) => expect(span(seconds)).toBe(text));
});

it("counts from one instant to another, however they are written", () => {
  expect(between("2026-11-23T15:00:00Z", "2026-11-23T15:01:30Z")).toBe(90);
  expect(between(1000, 3500)).toBe(2.5);
});

it("names the day when it is another one", () => {
  const now = new Date(2026, 10, 23, 15, 0).getTime();
  expect(moment(now, now, "en")).toMatch(/3:00/);
  expect(moment(now, now, "en")).not.toMatch(/Nov/);
  expect(moment(now - 86_400_000, now, "en")).toMatch(/Nov/);
});

it("writes a field's time as the field wants it", () => {
  expect(forField(new Date(2026, 10, 23, 9, 5).getTime())).toBe("2026-11-23T09:05");
});

it("tells sizes", () => {
  expect([size(10), size(12_345), size(2_500_000)]).toEqual(["10 B", "12 kB", "2.5 MB"]);
});
