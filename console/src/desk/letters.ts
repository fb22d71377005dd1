/** Addresses of what came with a message, and a message as a quotation. */

import type { MessageView } from "../protocol/messages";
import { api } from "../shell/address";

export function messageAddress(item: string, message: MessageView, ...rest: (string | number)[]): string {
  const { conversation, number } = message;
  return api("items", item, "conversations", conversation, "messages", number, ...rest);
}

/** The text with `> ` before each line, after what was written so far. */
export function quoted(before: string, text: string): string {
  const lines = text
    .trimEnd()
    .split("\n")
    .map((line) => (line.startsWith(">") ? `>${line}` : `> ${line}`));
  return `${before.trimEnd()}${before.trim() ? "\n\n" : ""}${lines.join("\n")}\n\n`;
}

/** Put a text where the cursor is, on lines of its own. */
export function inserted(before: string, text: string, at: number): string {
  const head = before.slice(0, at);
  const tail = before.slice(at);
  const gap = head === "" || head.endsWith("\n") ? "" : "\n";
  return `${head}${gap}${text}${tail === "" || tail.startsWith("\n") ? "" : "\n"}${tail}`;
}
