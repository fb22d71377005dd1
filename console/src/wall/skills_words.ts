/** Every word about skills for today, on the wallboard and on the desk. */

import type { Catalogue, Words } from "../shell/preferences.svelte";

const en = {
  title: (agent: string) => `Skills for today: ${agent}`,
  told: "Other levels hold until then, and end by themselves. What is in hand or on offer stays.",
  levels: "Level of each skill, 1 to 10",
  level: (level: number) => (level === 0 ? "none" : String(level)),
  usual: "as written",
  endOfDay: "Left empty: until the end of the day.",
  reason: "Reason",
  go: "Let it hold",
  back: "As written again",
  change: (agent: string) => `Skills for today: ${agent}`,
  marked: "other skills today",
  today: "Skills for today",
  until: (at: string) => `until ${at}`,
  by: (name: string) => `by ${name}`,
};

const fr: Words<typeof en> = {
  title: (agent) => `Compétences du jour : ${agent}`,
  told: "D’autres niveaux valent jusque-là, et finissent d’eux-mêmes. Ce qui est en main ou offert reste.",
  levels: "Niveau de chaque compétence, 1 à 10",
  level: (level) => (level === 0 ? "aucun" : String(level)),
  usual: "comme écrit",
  endOfDay: "Laissé vide : jusqu’à la fin du jour.",
  reason: "Raison",
  go: "Appliquer",
  back: "Comme écrit de nouveau",
  change: (agent) => `Compétences du jour : ${agent}`,
  marked: "autres compétences aujourd’hui",
  today: "Compétences du jour",
  until: (at) => `jusqu’à ${at}`,
  by: (name) => `par ${name}`,
};

export const WORDS: Catalogue<Words<typeof en>> = { en, fr };
