/** An agent's own figures of the day: asked for while they are looked at, once a minute. */

import type { OwnFiguresView } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import type { Language } from "../shell/preferences.svelte";
import { reasonOf } from "../shell/refusals";

const AGAIN_MS = 60_000;

export class Figures {
  told = $state.raw<OwnFiguresView | null>(null);
  mistake = $state("");

  async load(language: Language): Promise<void> {
    try {
      this.told = await ask<OwnFiguresView>("GET", `${api("agents", "me", "figures")}?language=${language}`);
      this.mistake = "";
    } catch (error) {
      this.mistake = reasonOf(error);
    }
  }

  /** Keep them fresh; return how to stop. */
  follow(language: Language): () => void {
    void this.load(language);
    const timer = window.setInterval(() => {
      if (!document.hidden) void this.load(language);
    }, AGAIN_MS);
    return () => window.clearInterval(timer);
  }
}
