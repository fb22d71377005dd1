/** What happened to an item so far, and why an agent was chosen, in the reader's language. */

import type { Form, HappenedView, Happening } from "../protocol/messages";
import type { Catalogue } from "../shell/preferences.svelte";

/** A line, from the fact and its time of day in words. */
type Line = (one: HappenedView, at: string) => string;

interface StoryWords {
  lines: Record<Happening, Line>;
  /** Rules of offers, as the daemon writes them; what is missing here is shown as it is. */
  rules: Record<string, string>;
  then: string;
  asked: (most: string) => string;
  /** Beginnings of rules that go on with a name. */
  begins: Record<string, (name: string) => string>;
}

const CAME_EN: Record<Form, string> = {
  call: "called",
  callback: "wants to be rung back, called",
  message: "left a message at",
  submission: "sent the form",
  mail: "wrote to",
  chat: "chats at",
};

const CAME_FR: Record<Form, string> = {
  call: "a appelé",
  callback: "veut être rappelé, a appelé",
  message: "a laissé un message au",
  submission: "a envoyé le formulaire",
  mail: "a écrit à",
  chat: "clavarde à",
};

const WHY_FR: Record<string, string> = { "same sender": "même expéditeur", "same subject": "même sujet" };

const timesEn = (count: number): string => (count === 1 ? "once" : `${count} times`);
const timesFr = (count: number): string => `${count} fois`;

const en: StoryWords = {
  lines: {
    came: (one, at) => `${CAME_EN[one.form ?? "call"]} ${one.name} at ${at}`,
    reopened: (one) => `reopened ${timesEn(one.count)}`,
    menu: (one) => `went through the menu ${one.name}, last at ${one.more}`,
    queued: (one, at) => `in line at ${one.name} since ${at}`,
    relaxed: (one) => `requirements relaxed ${timesEn(one.count)} while waiting`,
    offered: (one) => `offered ${timesEn(one.count)} so far`,
    place: (one) => `was told: place ${one.count} in line`,
    rule: (one) => `mail rule ${one.name}`,
    urgent: () => "urgent by that rule",
    linked: (one) => `linked to ${one.name}`,
    on_call: (one) => `${one.name} on call has answered`,
    left: () => "the resident has left the chat",
    rung: (one) => `rung back ${timesEn(one.count)} without success`,
    perhaps: (one) => `perhaps the same as ${one.name}: ${one.more}`,
  },
  rules: {
    "most urgent item": "you were free, and nothing was more urgent",
    "longest idle": "free the longest",
    coverage: "others here have your other skills, too",
    "least flexible": "fewest other skills",
    "best level": "best at it",
    "team first": "of the queue’s team",
    "last agent": "had the resident last",
    "decline taken back": "you took back your decline",
  },
  then: ", then ",
  asked: (most) => `one of ${most} asked at once: `,
  begins: {
    "assigned by ": (name) => `assigned to you by ${name}`,
    "what is owed to minimum ": (name) => `what is owed to the minimum “${name}”`,
    "whose turn it is: ": (name) => `whose turn it is: ${name}`,
  },
};

const fr: StoryWords = {
  lines: {
    came: (one, at) => `${CAME_FR[one.form ?? "call"]} ${one.name} à ${at}`,
    reopened: (one) => `rouvert ${timesFr(one.count)}`,
    menu: (one) => `est passé par le menu ${one.name}, dernier point ${one.more}`,
    queued: (one, at) => `en file à ${one.name} depuis ${at}`,
    relaxed: (one) => `exigences assouplies ${timesFr(one.count)} pendant l’attente`,
    offered: (one) => `offert ${timesFr(one.count)} jusqu’ici`,
    place: (one) => `on lui a dit : place ${one.count} dans la file`,
    rule: (one) => `règle de courriel ${one.name}`,
    urgent: () => "urgent selon cette règle",
    linked: (one) => `lié à ${one.name}`,
    on_call: (one) => `${one.name}, de garde, a répondu`,
    left: () => "le résident a quitté le clavardage",
    rung: (one) => `rappelé ${timesFr(one.count)} sans succès`,
    perhaps: (one) => `peut-être le même que ${one.name} : ${WHY_FR[one.more] ?? one.more}`,
  },
  rules: {
    "most urgent item": "vous étiez libre, et rien n’était plus urgent",
    "longest idle": "libre depuis le plus longtemps",
    coverage: "d’autres ici ont aussi vos autres compétences",
    "least flexible": "le moins d’autres compétences",
    "best level": "le meilleur niveau",
    "team first": "de l’équipe de la file",
    "last agent": "a eu le résident en dernier",
    "decline taken back": "vous avez repris ce que vous aviez décliné",
  },
  then: ", puis ",
  asked: (most) => `une des ${most} personnes appelées ensemble : `,
  begins: {
    "assigned by ": (name) => `attribué à vous par ${name}`,
    "what is owed to minimum ": (name) => `ce qui est dû au minimum « ${name} »`,
    "whose turn it is: ": (name) => `à qui le tour : ${name}`,
  },
};

export const WORDS_STORY: Catalogue<StoryWords> = { en, fr };
