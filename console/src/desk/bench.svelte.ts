/** Everything one agent's desk is made of, for the components below it. */

import { createContext } from "svelte";

import type { ServerSays } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import { reasonOf } from "../shell/refusals";
import { DeskState } from "./desk.svelte";
import { Drafts } from "./drafts.svelte";
import { Link, type Saying } from "./link.svelte";
import { isEnded } from "./names";
import { Outbox, type Writing } from "./outbox.svelte";
import { Sheets } from "./sheets.svelte";

const TOLD_MS = 8000;

export class Bench {
  readonly desk = new DeskState();
  readonly link = new Link((said) => this.#hear(said));
  readonly drafts: Drafts;
  readonly outbox: Outbox;
  readonly sheets: Sheets;
  /** Why the last thing was not done; "" once it has been read long enough. */
  mistake = $state("");
  #timer = 0;

  constructor(agent: string) {
    this.drafts = new Drafts(agent, this.link);
    this.sheets = new Sheets(agent);
    this.outbox = new Outbox(agent, (writing) => this.#send(writing));
  }

  /** Do it now or say why not; return whether it was done. */
  async act(saying: Saying): Promise<boolean> {
    return this.attempt(this.link.ask(saying));
  }

  /** Wait for it and say why it failed; return whether it was done. */
  async attempt(doing: Promise<unknown>): Promise<boolean> {
    try {
      await doing;
      this.complain("");
      return true;
    } catch (error) {
      this.complain(reasonOf(error));
      return false;
    }
  }

  complain(mistake: string): void {
    window.clearTimeout(this.#timer);
    this.mistake = mistake;
    if (mistake) this.#timer = window.setTimeout(() => (this.mistake = ""), TOLD_MS);
  }

  close(): void {
    this.link.close();
  }

  async #send(writing: Writing): Promise<void> {
    if (writing.type !== "flag") {
      await this.link.ask(writing);
      // the daemon's draft was this text; by now it is what has been begun since
      this.drafts.tell(writing.item);
      return;
    }
    const { text, key } = writing;
    await ask("POST", api("items", writing.item, "flag"), { text, key });
  }

  #hear(said: ServerSays): void {
    this.desk.hear(said);
    if (said.type === "item" && !said.yours && isEnded(said.item)) {
      this.drafts.forget(said.item.item);
      this.sheets.clear(said.item.item);
    }
    // not before the link counts as up
    if (said.type === "welcome") queueMicrotask(() => void this.outbox.flush());
  }
}

export const [theBench, setBench] = createContext<Bench>();
