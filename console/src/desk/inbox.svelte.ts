/** The shared inbox: what was written and waits. Asked for again while it is looked at. */

import type { InboxView, ItemView } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import { reasonOf } from "../shell/refusals";

const AGAIN_MS = 10_000;

export class Inbox {
  lines = $state.raw<InboxView[]>([]);
  isLoaded = $state(false);
  mistake = $state("");

  async load(): Promise<void> {
    try {
      this.lines = await ask<InboxView[]>("GET", api("inbox"));
      this.mistake = "";
    } catch (error) {
      this.mistake = reasonOf(error);
    }
    this.isLoaded = true;
  }

  /** Keep it fresh; return how to stop. */
  follow(): () => void {
    void this.load();
    const timer = window.setInterval(() => {
      if (!document.hidden) void this.load();
    }, AGAIN_MS);
    return () => window.clearInterval(timer);
  }
}

/** An item with its words, before it is taken; the look is noted in the trail. Throws `Refusal`. */
export function read(item: string): Promise<ItemView> {
  return ask<ItemView>("GET", api("items", item, "read"));
}
