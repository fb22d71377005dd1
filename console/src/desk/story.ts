/** A story and a reason in words: facts come from the daemon, sentences from here. */

import type { HappenedView } from "../protocol/messages";
import type { Language } from "../shell/preferences.svelte";
import { moment } from "./times";
import { WORDS_STORY } from "./words_story";

const THEN = ", then ";
const ASKED_AT_ONCE = /^number \d+ of (\d+) asked at once: /;

/** The lines, oldest first; times of day are the town's. */
export function lines(story: readonly HappenedView[], now: number, language: Language): string[] {
  const said = WORDS_STORY[language].lines;
  return story.map((one) => said[one.what](one, one.at === null ? "" : moment(one.at, now, language)));
}

/** Why this agent: the rule of an offer; what is not known here is shown as the daemon writes it. */
export function reason(rule: string, language: Language): string {
  const { rules, begins, then, asked } = WORDS_STORY[language];
  for (const [start, said] of Object.entries(begins)) {
    if (rule.startsWith(start)) return said(rule.slice(start.length));
  }
  const several = ASKED_AT_ONCE.exec(rule);
  const order = rule.slice(several?.[0].length ?? 0).split(THEN);
  const first = several?.[1] === undefined ? "" : asked(several[1]);
  return first + order.map((each) => rules[each] ?? each).join(then);
}
