import { afterEach, describe, expect, it } from "vitest";

import { zone } from "../shell/zone.svelte";
import { between, fieldIso, forField, moment, onDay, size, span } from "./times";

afterEach(() => (zone.name = ""));

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

describe("in the town's zone", () => {
  const iso = (text: string): string => new Date(fieldMs(text)).toISOString();
  const fieldMs = (text: string): number => Date.parse(fieldIso(text));

  it.each([
    ["America/Toronto", "2026-11-23T15:00:00Z", "2026-11-23T10:00"],
    ["America/St_Johns", "2026-11-23T15:00:00Z", "2026-11-23T11:30"],
    ["Asia/Tokyo", "2026-11-23T15:00:00Z", "2026-11-24T00:00"],
    ["America/Toronto", "2026-07-01T04:00:00Z", "2026-07-01T00:00"],
  ])("of %s a field shows %s as %s, and back", (name, utc, local) => {
    zone.name = name;
    expect(forField(Date.parse(utc))).toBe(local);
    expect(fieldMs(local)).toBe(Date.parse(utc));
  });

  it("a time that occurs twice is the first of both", () => {
    zone.name = "America/Toronto"; // 2 h becomes 1 h on 1 November 2026
    expect(iso("2026-11-01T01:30")).toBe("2026-11-01T05:30:00.000Z");
    expect(iso("2026-11-01T02:00")).toBe("2026-11-01T07:00:00.000Z");
  });

  it("a time that the clock jumps over lies after the jump", () => {
    zone.name = "America/Toronto"; // 2 h becomes 3 h on 8 March 2026
    expect(iso("2026-03-08T02:30")).toBe("2026-03-08T07:30:00.000Z");
    expect(iso("2026-03-08T03:00")).toBe("2026-03-08T07:00:00.000Z");
    expect(iso("2026-03-08T01:59")).toBe("2026-03-08T06:59:00.000Z");
  });

  it("tomorrow at nine is nine there, on the day after a change of clocks too", () => {
    zone.name = "America/Toronto";
    const evening = Date.parse("2026-11-01T02:00:00Z"); // 31 October, 22 h
    expect(new Date(onDay(evening, 1, "09:00")).toISOString()).toBe("2026-11-01T14:00:00.000Z");
    expect(new Date(onDay(evening, 0, "23:59")).toISOString()).toBe("2026-11-01T03:59:00.000Z");
  });

  it("names the day when it is another one there", () => {
    zone.name = "America/Toronto";
    const now = Date.parse("2026-11-24T04:30:00Z"); // 23 November, 23:30
    expect(moment("2026-11-23T15:00:00Z", now, "en")).toMatch(/^10:00.a\.m\.$/);
    expect(moment("2026-11-24T05:30:00Z", now, "en")).toMatch(/Nov/);
    expect(moment("2026-11-23T15:00:00Z", now, "fr")).toMatch(/^10.h.00$/);
  });
});

it("tells sizes", () => {
  expect([size(10), size(12_345), size(2_500_000)]).toEqual(["10 B", "12 kB", "2.5 MB"]);
});
