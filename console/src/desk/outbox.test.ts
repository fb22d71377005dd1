import { beforeEach, expect, it, vi } from "vitest";

import { Refusal } from "../shell/refusal";
import { Outbox, type Writing } from "./outbox.svelte";

const storage = new Map<string, string>();
const note = (key: string): Writing => ({ type: "note", item: "A", text: key, key });

beforeEach(() => {
  storage.clear();
  vi.stubGlobal("window", { addEventListener: () => undefined, setTimeout: () => 0, clearTimeout: () => undefined, location: { href: "http://town.test/desk/", pathname: "/desk/" } });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => storage.get(key) ?? null,
    setItem: (key: string, value: string) => storage.set(key, value),
    removeItem: (key: string) => storage.delete(key),
  });
});

it("keeps what could not be sent and sends it after a reload, in order", async () => {
  const first = new Outbox("amara", () => Promise.reject(new Refusal("unreachable", "")));
  first.post(note("1"));
  first.post(note("2"));
  await first.flush();
  const sent: string[] = [];
  const second = new Outbox("amara", (writing) => {
    sent.push((writing as { key: string }).key);
    return Promise.resolve();
  });
  await second.flush();
  expect(sent).toEqual(["1", "2"]);
  expect(new Outbox("amara", () => Promise.resolve()).letters).toEqual([]);
});

it("keeps what was refused, says why, and goes on with the next", async () => {
  const sent: string[] = [];
  const outbox = new Outbox("amara", (writing) => {
    const { key } = writing as { key: string };
    sent.push(key);
    return key === "1" ? Promise.reject(new Refusal("not-now", "is over")) : Promise.resolve();
  });
  outbox.post(note("1"));
  outbox.post(note("2"));
  await vi.waitFor(() => expect(sent).toEqual(["1", "2"]));
  await vi.waitFor(() => expect(outbox.letters.map((one) => one.mistake)).toEqual(["is over"]));
  outbox.retry("1");
  await vi.waitFor(() => expect(sent).toEqual(["1", "2", "1"]));
});

it("is one agent's own", () => {
  new Outbox("amara", () => Promise.reject(new Refusal("unreachable", ""))).post(note("1"));
  expect(new Outbox("benoit", () => Promise.resolve()).letters).toEqual([]);
});
