/** What the page about people says. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  title: "People",
  about: "Who may sign in, and as what. Agents and their skills stand in skills.yaml.",
  create: "New account",
  find: "Find",
  name: "Name",
  nameHint: "Letters a–z, digits and . _ @ -",
  role: "Role",
  agent: "Agent",
  agentHint: "Who this is in skills.yaml; whoever takes calls, mails or chats needs one.",
  nobody: "none: takes nothing",
  standing: "Standing",
  standings: {
    ready: "in use",
    first: "has not chosen a password yet",
    locked: (until: string) => `locked until ${until}`,
  },
  actions: "Actions",
  changeRole: "Role…",
  reset: "New password…",
  remove: "Remove…",
  of: (name: string) => ` of ${name}`,
  you: "you",
  none: "No account fits.",
  count: (shown: number, all: number) => (shown === all ? `${all}` : `${shown} of ${all}`),
  createGo: "Create account",
  save: "Save",
  roleTitle: (name: string) => `What ${name} may do`,
  roleTold: "It holds at once; their desk signs in again.",
  resetTitle: (name: string) => `New password for ${name}`,
  resetTold:
    "Their sessions end now. They get a password to be used once and choose their own with it.",
  resetGo: "Give a new password",
  removeTitle: (name: string) => `Remove ${name}`,
  removeTold:
    "Nobody can sign in with this account any more; their sessions end now. What they did stays in the records.",
  removeGo: "Remove account",
  oneTime: (name: string) => `Password for ${name}`,
  oneTimeTold: "It is shown this once. Tell it to them in person; they choose their own with it.",
  copy: "Copy",
  copied: "Copied",
};

const fr: Words<typeof en> = {
  title: "Personnes",
  about: "Qui peut se connecter, et comme quoi. Les agents et leurs compétences sont dans skills.yaml.",
  create: "Nouveau compte",
  find: "Chercher",
  name: "Nom",
  nameHint: "Lettres a–z, chiffres et . _ @ -",
  role: "Rôle",
  agent: "Agent",
  agentHint: "Qui c’est dans skills.yaml ; il en faut un pour prendre appels, courriels ou clavardages.",
  nobody: "aucun : ne prend rien",
  standing: "État",
  standings: {
    ready: "utilisé",
    first: "n’a pas encore choisi de mot de passe",
    locked: (until) => `bloqué jusqu’à ${until}`,
  },
  actions: "Actions",
  changeRole: "Rôle…",
  reset: "Nouveau mot de passe…",
  remove: "Retirer…",
  of: (name) => ` de ${name}`,
  you: "vous",
  none: "Aucun compte ne correspond.",
  count: (shown, all) => (shown === all ? `${all}` : `${shown} de ${all}`),
  createGo: "Créer le compte",
  save: "Enregistrer",
  roleTitle: (name) => `Ce que ${name} peut faire`,
  roleTold: "Valable tout de suite ; son poste se reconnecte.",
  resetTitle: (name) => `Nouveau mot de passe pour ${name}`,
  resetTold:
    "Ses sessions se terminent maintenant. Cette personne reçoit un mot de passe à usage unique et choisit ensuite le sien.",
  resetGo: "Donner un nouveau mot de passe",
  removeTitle: (name) => `Retirer ${name}`,
  removeTold:
    "Plus personne ne peut se connecter avec ce compte ; ses sessions se terminent maintenant. Ce qui a été fait reste dans les dossiers.",
  removeGo: "Retirer le compte",
  oneTime: (name) => `Mot de passe pour ${name}`,
  oneTimeTold:
    "Il n’est montré qu’une fois. Donnez-le en personne ; il sert à choisir le sien.",
  copy: "Copier",
  copied: "Copié",
};

export const WORDS: Catalogue<Words<typeof en>> = { en, fr };
