import { describe, expect, it } from "vitest";

import type { By, Report, Row } from "../protocol/messages";
import { labelEvery, largest, piecesOf, seriesOf, slotsOf, stacked, ticksTo, withAny } from "./series";

function row(value: string | null, channel: string, figures: Row["figures"]): Row {
  const name = value?.slice(11, 16) || (value ?? "All");
  return { value, name, channel, channel_name: channel, formulas: [], promised: "", figures };
}

function report(by: By, rows: Row[], total: Row[] = []): Report {
  return { by, first: "2026-02-27", last: "2026-03-02", rows, total } as unknown as Report;
}

describe("slots", () => {
  it("are all days of the period, with anything or not", () => {
    const labels = slotsOf(report("day", [row("2026-03-01", "voice", {})])).map((slot) => slot.label);
    expect(labels).toEqual(["27", "28", "1", "2"]);
  });

  it("are the hours between the first and the last with anything", () => {
    const rows = ["08", "08", "11"].map((hour) => row(`2026-11-23T${hour}:00-05:00`, "voice", {}));
    expect(slotsOf(report("hour", rows)).map((slot) => slot.label)).toEqual(["08:00", "09:00", "10:00", "11:00"]);
  });

  it("have the hour twice that comes twice", () => {
    const rows = [row("2026-11-01T01:00-04:00", "voice", {}), row("2026-11-01T01:00-05:00", "voice", {})];
    expect(slotsOf(report("hour", rows)).map((slot) => slot.label)).toEqual(["01:00", "01:00"]);
  });

  it("of nothing are none", () => {
    expect(slotsOf(report("hour", []))).toEqual([]);
  });
});

describe("series", () => {
  it("has a value for each slot, and none where nothing was counted", () => {
    const rows = [row("2026-02-28", "voice", { received: 3 }), row("2026-02-28", "", { received: 5 })];
    const made = report("day", rows, [row(null, "voice", { received: 3 }), row(null, "", { received: 5 })]);
    expect(seriesOf(made, slotsOf(made), "received")).toEqual([
      { channel: "voice", name: "voice", values: [null, 3, null, null] },
    ]);
    expect(seriesOf(made, slotsOf(made), "abandoned")).toEqual([]);
  });

  it("of zeros is left out", () => {
    expect(withAny([{ channel: "voice", name: "", values: [0, null] }])).toEqual([]);
  });

  it("is stacked from the ground", () => {
    const series = [[1, 2], [null, 3], [4, 0]].map((values) => ({ channel: "", name: "", values }));
    expect(stacked(series, 0)).toEqual([[0, 1], [1, 1], [1, 5]]);
  });

  it("is interrupted where there is no figure", () => {
    expect(piecesOf([1, 0, null, 3, undefined])).toEqual([[0, 1], [3]]);
  });
});

describe("scales", () => {
  it.each([
    [0, [0, 1]],
    [1, [0, 1]],
    [3, [0, 1, 2, 3]],
    [7, [0, 2, 4, 6, 8]],
    [50, [0, 10, 20, 30, 40, 50]],
    [1234, [0, 500, 1000, 1500]],
  ])("to %d are round and whole", (most, ticks) => {
    expect(ticksTo(most)).toEqual(ticks);
  });

  it("leave out labels that have no room", () => {
    expect([labelEvery(31, 620, 40), labelEvery(7, 620, 40), labelEvery(5, 0, 40)]).toEqual([2, 1, 200]);
  });
});

it("the largest groups come first, and no channel is counted twice", () => {
  const rows = [row("a", "voice", { received: 9 }), row("a", "", { received: 9 }), row("b", "", { received: 11 }), row("c", "", { received: 0 })];
  expect(largest(rows, "received", false, 5)).toEqual([{ name: "b", value: 11 }, { name: "a", value: 9 }]);
  expect(largest(rows, "received", false, 1)).toHaveLength(1);
});
