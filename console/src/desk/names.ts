/** What people and things are called on the desk. */

import type { ItemView, NamedView, WhoView } from "../protocol/messages";

/** The queue in the desk's language. */
export function queueOf(
  one: { queue: NamedView | null },
  policy: { queues: NamedView[] } | null,
): string {
  return policy?.queues.find((queue) => queue.id === one.queue?.id)?.name ?? one.queue?.name ?? "";
}

/** The resident by name, otherwise by number or address; "" when nothing is known. */
export function nameOf(who: WhoView | null): string {
  return who?.name || who?.number || who?.email || "";
}

export function named(names: readonly NamedView[] | undefined, id: string): string {
  return names?.find((one) => one.id === id)?.name ?? id;
}

/** What an item is about in one line: the subject of its mail, otherwise the town's. */
export function aboutOf(item: ItemView): string {
  const written = item.text?.messages.find((message) => message.subject !== "");
  return written?.subject || item.subject;
}

/** What a list shows of it: of a chat, what was said last. */
export function gistOf(item: ItemView): string {
  const said = item.form === "chat" ? item.text?.messages.findLast((one) => one.text !== "") : undefined;
  return said?.text.trim() || aboutOf(item) || item.item;
}

/** The parts that say something, each once, as in "Garbage · Roads · English". */
export function joined(...parts: (string | undefined)[]): string {
  return [...new Set(parts.filter(Boolean))].join(" · ");
}

export function isCall(item: ItemView): boolean {
  return item.form === "call" || item.form === "callback";
}

const ENDED: readonly ItemView["state"][] = ["closed", "abandoned", "diverted"];

/** Whether nothing more is to be done; what is put away or given back may come again. */
export function isEnded(item: ItemView): boolean {
  return ENDED.includes(item.state);
}

/** Whether somebody is talking or writing, and not wrapping up. */
export function isOpen(item: ItemView): boolean {
  return item.state === "handling" || item.state === "held";
}
