import { describe, expect, it } from "vitest";

import type { Definition, Report, Row } from "../protocol/messages";
import { change, ofSet, placeOf, rowsOf, shown, summaryOf } from "./figures";

const S = "\u00a0";

function row(changes: Partial<Row>): Row {
  return { value: "roads", name: "Roads", channel: "voice", channel_name: "Calls", formulas: [], promised: "", figures: {}, ...changes };
}

function defined(...keys: string[]): Definition[] {
  return keys.map((key) => ({ key, unit: "count", name: key, definition: key }));
}

describe("a figure", () => {
  it.each([
    [1234567, "count", "en", `1${S}234${S}567`],
    [12.34, "per_day", "fr", "12,3"],
    [0.7049, "share", "en", `70.5${S}%`],
    [59.6, "seconds", "en", "1:00"],
    [3725, "seconds", "en", "1 h 02 min"],
    [7.5, "hours", "fr", `7,5${S}h`],
    [4.256, "score", "en", "4.26"],
    [0, "count", "en", "0"],
    [null, "count", "en", "–"],
  ] as const)("%s %s is read in %s as %s", (value, unit, language, text) => {
    expect(shown(value, unit, language)).toBe(text);
  });

  it("differs in percent, and a share in points", () => {
    expect(change(112, 100, "count", "en")).toBe(`+12${S}%`);
    expect(change(30, 60, "seconds", "en")).toBe(`−50${S}%`);
    expect(change(0.755, 0.725, "share", "fr")).toBe(`+3,0${S}pt`);
    expect(change(4.1, 4.1, "score", "en")).toBe("±0.00");
  });

  it("is not compared with nothing", () => {
    expect([change(1, 0, "count", "en"), change(null, 3, "count", "en"), change(3, undefined, "share", "en")]).toEqual(["", "", ""]);
  });
});

describe("a table", () => {
  it("shows every figure in one set, an unknown one in the first", () => {
    const all = defined("received", "offered", "handled", "score", "occupancy", "invented");
    expect(ofSet(all, "volume").map((each) => each.key)).toEqual(["received", "invented"]);
    expect(ofSet(all, "waiting").map((each) => each.key)).toEqual(["offered"]);
  });

  it("leaves out rows that say nothing, not those that say zero", () => {
    const rows = [row({ figures: { offered: 0 } }), row({ channel: "", figures: { offered: null } })];
    expect(rowsOf(rows, "each", defined("offered"))).toEqual([rows[0]]);
    expect(rowsOf(rows, "all", defined("offered"))).toEqual([]);
    expect(rowsOf(rows, "mail", defined("offered"))).toEqual([]);
  });

  it("tells groups called alike apart by their channel", () => {
    expect(placeOf(row({}))).not.toBe(placeOf(row({ channel: "" })));
    expect(placeOf(row({ value: null }))).not.toBe(placeOf(row({ value: "null" })));
  });
});

describe("the summary", () => {
  it("is of everything together and leaves out what was not counted", () => {
    const total = [row({ value: null, channel: "", figures: { received: 4, satisfaction: null } })];
    const report = { total, definitions: defined("received", "satisfaction", "merged") } as unknown as Report;
    expect(summaryOf(report).map((each) => each.key)).toEqual(["received"]);
    expect(summaryOf({ ...report, total: [] })).toEqual([]);
  });
});
