import { expect, it } from "vitest";

import type { ItemView, MessageView } from "../protocol/messages";
import { gistOf, joined, nameOf, named } from "./names";

const said = (text: string, subject = ""): MessageView => ({ text, subject }) as MessageView;
const item = (form: string, messages: MessageView[], subject = ""): ItemView =>
  ({ item: "W1", form, subject, text: { messages } }) as unknown as ItemView;

it("calls residents by what is known of them", () => {
  expect(nameOf(null)).toBe("");
  expect(nameOf({ name: "", number: "+19055550191", email: "x@example.org" })).toBe("+19055550191");
  expect(nameOf({ name: "Robin", number: "+19055550191", email: "" })).toBe("Robin");
});

it("shows of a chat what was said last, of a mail its subject, otherwise the number", () => {
  expect(gistOf(item("chat", [said("One"), said(" Two "), said("")], "Pools"))).toBe("Two");
  expect(gistOf(item("mail", [said("Long", "Leaves"), said("Longer")], "General"))).toBe("Leaves");
  expect(gistOf(item("mail", [said("Long")]))).toBe("W1");
});

it("says nothing twice", () => {
  expect(joined("General", "General", undefined, "", "English")).toBe("General · English");
});

it("keeps the id of what has no name any more", () => {
  expect(named([{ id: "a", name: "A" }], "a")).toBe("A");
  expect(named(undefined, "b")).toBe("b");
});
