/** What is said about supervisors in talks, on the wallboard and at the desk. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  label: "Be in this call",
  told: "Your telephone rings; press 1. The call goes on when you leave.",
  modes: { listen: "Listen", whisper: "Whisper", barge: "Barge in" },
  means: {
    listen: "nobody hears you",
    whisper: "only the agent hears you",
    barge: "agent and resident hear you",
  },
  stop: "Leave the call",
  ringing: (name: string) => `The telephone of ${name} rings`,
  is: {
    listen: (name: string) => `${name} listens; nobody hears them`,
    whisper: (name: string) => `${name} whispers; only the agent hears them`,
    barge: (name: string) => `${name} is in the call; both hear them`,
  },
  desk: {
    listen: (name: string) => `${name} listens to this call`,
    whisper: (name: string) => `${name} is with you; the resident does not hear them`,
    barge: (name: string) => `${name} is in the call; the resident hears them`,
  },
};

const fr: Words<typeof en> = {
  label: "Être dans cet appel",
  told: "Votre téléphone sonne ; appuyez sur le 1. L’appel continue quand vous partez.",
  modes: { listen: "Écouter", whisper: "Souffler", barge: "Intervenir" },
  means: {
    listen: "personne ne vous entend",
    whisper: "seul l’agent vous entend",
    barge: "l’agent et le résident vous entendent",
  },
  stop: "Quitter l’appel",
  ringing: (name) => `Le téléphone de ${name} sonne`,
  is: {
    listen: (name) => `${name} écoute ; personne ne l’entend`,
    whisper: (name) => `${name} souffle ; seul l’agent l’entend`,
    barge: (name) => `${name} est dans l’appel ; les deux l’entendent`,
  },
  desk: {
    listen: (name) => `${name} écoute cet appel`,
    whisper: (name) => `${name} est avec vous ; le résident ne l’entend pas`,
    barge: (name) => `${name} est dans l’appel ; le résident l’entend`,
  },
};

export const WORDS: Catalogue<Words<typeof en>> = { en, fr };
