/** What people and things are called on the desk. */

import type { ItemView, NamedView, WhoView } from "../protocol/messages";

/** The resident by name, otherwise by number or address; "" when nothing is known. */
export function nameOf(who: WhoView | null): string {
  return who?.name || who?.number || who?.email || "";
}

export function named(names: readonly NamedView[] | undefined, id: string): string {
  return names?.find((one) => one.id === id)?.name ?? id;
}

/** What an item is about in one line: its subject, or that of its newest mail. */
export function aboutOf(item: ItemView): string {
  const written = item.text?.messages.find((message) => message.subject !== "");
  return written?.subject || item.subject;
}

export function isCall(item: ItemView): boolean {
  return item.form === "call" || item.form === "callback";
}

/** Whether somebody is talking or writing, and not wrapping up. */
export function isOpen(item: ItemView): boolean {
  return item.state === "handling" || item.state === "held";
}
