/**
 * What belongs to an item's answer or wrap-up beside its text: what follows, code, note, files. Kept
 * in this browser, so that looking at another item or a reload loses none of it.
 */

import type { ItemView, UploadedView } from "../protocol/messages";
import { keep, kept } from "../shell/kept";

export type Mode = "reply" | "note" | "forward";

export interface Sheet {
  mode: Mode;
  then: "stay" | "wait" | "close";
  code: string;
  contact: string;
  files: UploadedView[];
  /** Of the wrap-up. */
  note: string;
}

export class Sheets {
  #sheets = new Map<string, Sheet>();
  #agent: string;

  constructor(agent: string) {
    this.#agent = agent;
  }

  /** The sheet of an item; changing it is enough, `save` keeps it. */
  of(item: ItemView): Sheet {
    const found = this.#sheets.get(item.item);
    if (found !== undefined) return found;
    const sheet = $state<Sheet>({
      mode: "reply",
      then: item.form === "chat" ? "stay" : "close",
      code: "",
      contact: "",
      files: [],
      note: "",
      ...kept<Partial<Sheet>>(this.#key(item.item), {}),
    });
    this.#sheets.set(item.item, sheet);
    return sheet;
  }

  save(item: string, sheet: Sheet): void {
    keep(this.#key(item), sheet);
  }

  clear(item: string): void {
    this.#sheets.delete(item);
    keep(this.#key(item), null);
  }

  #key(item: string): string {
    return `townline.sheet.${this.#agent}.${item}`;
  }
}
