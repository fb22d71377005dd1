/**
 * What is being written, for each item: at once in this browser, soon with the daemon, so that a
 * reload, a lost network or another machine finds it again.
 */

import type { DraftView } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import { keep, kept } from "../shell/kept";
import type { Link } from "./link.svelte";

const SOON_MS = 1500;
const LONGEST = 20_000; // characters, as the protocol says

export class Drafts {
  #texts = $state<Record<string, string>>({});
  #timers = new Map<string, number>();
  #agent: string;
  #link: Link;

  constructor(agent: string, link: Link) {
    this.#agent = agent;
    this.#link = link;
    window.addEventListener("storage", (event) => this.#hear(event.key ?? ""));
  }

  of(item: string): string {
    return this.#texts[item] ?? "";
  }

  /** Find what was written before: here, otherwise with the daemon. */
  async find(item: string): Promise<void> {
    if (this.#texts[item] !== undefined) return;
    const here = kept<string>(this.#key(item), "");
    this.#texts[item] = here;
    if (here !== "") return;
    const told = await ask<DraftView>("GET", api("items", item, "draft")).catch(() => null);
    if (told !== null && this.of(item) === "") this.#texts[item] = told.text;
  }

  write(item: string, text: string): void {
    this.#texts[item] = text;
    keep(this.#key(item), text || null);
    window.clearTimeout(this.#timers.get(item));
    this.#timers.set(item, window.setTimeout(() => this.tell(item), SOON_MS));
  }

  /** Have the daemon keep what is written now. */
  tell(item: string): void {
    this.#link.tell({ type: "draft", item, text: this.of(item).slice(0, LONGEST) });
  }

  /** It was sent, and needs to be kept no longer. */
  forget(item: string): void {
    window.clearTimeout(this.#timers.get(item));
    this.#texts[item] = "";
    keep(this.#key(item), null);
  }

  /** Another tab has gone on writing. */
  #hear(key: string): void {
    const item = key.slice(this.#key("").length);
    if (key === this.#key(item) && this.#texts[item] !== undefined) {
      this.#texts[item] = kept<string>(key, "");
    }
  }

  #key(item: string): string {
    return `townline.draft.${this.#agent}.${item}`;
  }
}
