/** A list that is fetched while it is shown, again every few seconds and when something was done. */

import { untrack } from "svelte";

import { reasonOf } from "../shell/refusals";
import type { Board } from "./board.svelte";

const AGAIN_MS = 5000;

export class Fetched<T> {
  rows = $state.raw<readonly T[] | null>(null);
  mistake = $state("");
  #ask: () => Promise<T[]>;

  /** Use it while a component is made: it ends with it. */
  constructor(board: Board, ask: () => Promise<T[]>) {
    this.#ask = ask;
    $effect(() => {
      void board.done;
      untrack(() => void this.#load());
      const timer = window.setInterval(() => void this.#load(), AGAIN_MS);
      return () => window.clearInterval(timer);
    });
  }

  async #load(): Promise<void> {
    if (document.hidden) return;
    try {
      this.rows = await this.#ask();
      this.mistake = "";
    } catch (error) {
      this.mistake = reasonOf(error);
    }
  }
}
