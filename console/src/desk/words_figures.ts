/** What the desk says about an agent's own figures. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  title: "My day",
  none: "Nothing was counted yet today.",
  asOf: (time: string) => `As of ${time}`,
  again: "Ask again",
};

const fr: Words<typeof en> = {
  title: "Ma journée",
  none: "Rien n’a encore été compté aujourd’hui.",
  asOf: (time: string) => `À ${time}`,
  again: "Redemander",
};

export const WORDS_FIGURES: Catalogue<Words<typeof en>> = { en, fr };
