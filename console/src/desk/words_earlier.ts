/** What the desk says about a resident's earlier items. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  title: "Came before",
  none: "Nothing earlier is known.",
  more: "Earlier ones",
  blocked: "May write no chats now.",
  by: (name: string) => `by ${name}`,
  note: "Note",
  received: "Received",
  ended: "Ended",
  queue: "Queue",
  called: "Came to",
  agent: "Handled by",
  code: "Wrap-up code",
  state: "State",
  name: "Called themselves",
  before: (count: number) => `${count} earlier messages are not shown.`,
  silent: "Nothing was written, or its words are kept no longer.",
  noted: "That you read this is noted.",
};

const fr: Words<typeof en> = {
  title: "Demandes antérieures",
  none: "Rien d’antérieur n’est connu.",
  more: "Plus anciennes",
  blocked: "Ne peut pas clavarder en ce moment.",
  by: (name: string) => `par ${name}`,
  note: "Note",
  received: "Reçu",
  ended: "Terminé",
  queue: "File",
  called: "Adressé à",
  agent: "Traité par",
  code: "Code de conclusion",
  state: "État",
  name: "S’est présenté comme",
  before: (count: number) => `${count} messages plus anciens ne sont pas montrés.`,
  silent: "Rien n’a été écrit, ou les mots ne sont plus conservés.",
  noted: "Votre lecture est inscrite au journal.",
};

export const WORDS_EARLIER: Catalogue<Words<typeof en>> = { en, fr };
