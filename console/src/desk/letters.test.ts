import { expect, it, vi } from "vitest";

vi.stubGlobal("window", { location: { href: "http://town.test/hall/desk/", pathname: "/hall/desk/" } });
const { inserted, messageAddress, quoted } = await import("./letters");

it("quotes line by line, deeper what was a quotation already", () => {
  expect(quoted("", "One\n> two\n")).toBe("> One\n>> two\n\n");
  expect(quoted("Hello,\n", "One")).toBe("Hello,\n\n> One\n\n");
});

it("puts a prepared text on lines of its own", () => {
  expect(inserted("", "A", 0)).toBe("A");
  expect(inserted("Dear Sam,", "A", 9)).toBe("Dear Sam,\nA");
  expect(inserted("ab", "X", 1)).toBe("a\nX\nb");
});

it("asks below the prefix, with nothing of a name taken as a path", () => {
  const message = { conversation: "a/../b", number: 3 } as Parameters<typeof messageAddress>[1];
  expect(messageAddress("W-1", message, "html")).toBe(
    "/hall/api/v1/items/W-1/conversations/a%2F..%2Fb/messages/3/html",
  );
});
