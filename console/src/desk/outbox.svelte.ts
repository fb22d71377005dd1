/**
 * What was written and must arrive: kept in this browser until the daemon has stored it, sent again
 * under the same key after a broken connection, so that nothing is lost and nothing sent twice.
 */

import type { Close, Flag, Forward, Note, Reply } from "./sayings";
import { Refusal } from "../shell/refusal";
import { keep, kept } from "../shell/kept";

export type Writing = Reply | Note | Forward | Close | Flag;

export interface Letter {
  /** Chosen here, new for each thing that is written. */
  key: string;
  writing: Writing;
  /** Why it was refused for good; "" while it is still to be sent. */
  mistake: string;
  code: string;
}

export type Send = (writing: Writing) => Promise<void>;

// Nothing was wrong with what was written: it is sent again.
const PASSING = new Set(["unreachable", "overloaded", "storage-unavailable"]);
const AGAIN_MS = 2000;

export class Outbox {
  letters = $state.raw<Letter[]>([]);
  #send: Send;
  #key: string;
  #isSending = false;
  #timer = 0;

  constructor(agent: string, send: Send) {
    this.#key = `townline.outbox.${agent}`;
    this.#send = send;
    this.letters = kept<Letter[]>(this.#key, []);
    window.addEventListener("storage", (event) => {
      if (event.key === this.#key) this.letters = kept<Letter[]>(this.#key, []); // another tab
    });
  }

  of(item: string): Letter[] {
    return this.letters.filter((letter) => letter.writing.item === item);
  }

  /** Take it; it is on its way from now on. */
  post(writing: Writing): void {
    const key = "key" in writing ? writing.key : freshKey();
    this.#set([...this.letters, { key, writing, mistake: "", code: "" }]);
    void this.flush();
  }

  /** Try once more what was refused. */
  retry(key: string): void {
    this.#set(this.letters.map((one) => (one.key === key ? { ...one, mistake: "", code: "" } : one)));
    void this.flush();
  }

  drop(key: string): void {
    this.#set(this.letters.filter((one) => one.key !== key));
  }

  /** Send what waits, in the order in which it was written. */
  async flush(): Promise<void> {
    if (this.#isSending) return;
    this.#isSending = true;
    window.clearTimeout(this.#timer);
    for (let next = this.#next(); next !== undefined; next = this.#next()) {
      if (!(await this.#deliver(next))) {
        this.#timer = window.setTimeout(() => void this.flush(), AGAIN_MS);
        break;
      }
    }
    this.#isSending = false;
  }

  #next(): Letter | undefined {
    return this.letters.find((letter) => letter.mistake === "");
  }

  /** Return whether the next one may follow. */
  async #deliver(letter: Letter): Promise<boolean> {
    try {
      await this.#send(letter.writing);
      this.drop(letter.key);
    } catch (error) {
      const refusal = error instanceof Refusal ? error : new Refusal("unknown", String(error));
      if (PASSING.has(refusal.code)) return false;
      const told = { mistake: refusal.message || refusal.code, code: refusal.code };
      this.#set(this.letters.map((one) => (one.key === letter.key ? { ...one, ...told } : one)));
    }
    return true;
  }

  #set(letters: Letter[]): void {
    this.letters = letters;
    keep(this.#key, letters.length > 0 ? letters : null);
  }
}

/** A key that no other thing has that was ever written. */
export function freshKey(): string {
  // not randomUUID: pages that come without TLS, inside the house, have none
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
