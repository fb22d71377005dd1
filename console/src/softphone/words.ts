/** What the softphone says. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  label: "Telephone in the browser",
  on: "Use this browser as telephone",
  off: "Switch off",
  standing: {
    off: "",
    connecting: "Connecting…",
    ready: "This browser rings",
    lost: "No connection to the carrier; trying again",
  },
  rings: "Your telephone rings",
  talking: "On the telephone",
  answer: "Answer",
  refuse: "Refuse",
  take: "Take the call (1)",
  mute: "Mute",
  unmute: "Unmute",
  hangUp: "Hang up",
  mistakes: {
    refused: "The browser may not use the microphone. Allow it for this page, then switch on again.",
    noMicrophone: "No microphone was found.",
    microphoneLost: "The microphone has been unplugged.",
    noPass: "The daemon gave no new pass; calls will stop coming here. Switch off and on again.",
    failed: "The telephone did not work; use another one, or switch off and on again.",
  },
};

const fr: Words<typeof en> = {
  label: "Téléphone dans le navigateur",
  on: "Utiliser ce navigateur comme téléphone",
  off: "Éteindre",
  standing: {
    off: "",
    connecting: "Connexion…",
    ready: "Ce navigateur sonne",
    lost: "Pas de connexion au transporteur ; nouvel essai",
  },
  rings: "Votre téléphone sonne",
  talking: "Au téléphone",
  answer: "Répondre",
  refuse: "Refuser",
  take: "Prendre l’appel (1)",
  mute: "Couper le micro",
  unmute: "Rétablir le micro",
  hangUp: "Raccrocher",
  mistakes: {
    refused: "Le navigateur ne peut utiliser le micro. Autorisez-le pour cette page, puis rallumez.",
    noMicrophone: "Aucun micro n’a été trouvé.",
    microphoneLost: "Le micro a été débranché.",
    noPass: "Le service n’a pas donné de nouveau laissez-passer ; éteignez puis rallumez.",
    failed: "Le téléphone n’a pas fonctionné ; prenez-en un autre, ou éteignez puis rallumez.",
  },
};

export const WORDS: Catalogue<Words<typeof en>> = { en, fr };
