/** What stands before the first message: who answers, what is kept, the language, how to reach you. */
import { anchor, button, el } from "./dom.js";
import { areRight, textField } from "./fields.js";
import { LANGUAGES } from "./speech.js";

/**
 * @typedef {{town: string, privacy: string, languages: string[]}} About
 */
export class Intro {
  #fields;
  #details;

  /**
   * @param {import("./speech.js").Speech} speech @param {About} about
   * @param {(language: string) => void} change
   */
  constructor(speech, { town, privacy, languages }, change) {
    const { say } = speech;
    this.#fields = [
      textField(say, { id: "contact-name", label: "name", completes: "name" }),
      textField(say, { id: "contact-email", label: "email", type: "email", completes: "email" }),
    ];
    this.#details = el(
      "details",
      {},
      el("summary", {}, say("contact")),
      el("p", {}, say("contact_why")),
      this.#fields.map(({ node }) => node),
    );
    const link = privacy && anchor(privacy, say("privacy_link"), document.baseURI);
    this.node = el(
      "div",
      { class: "intro" },
      el("p", {}, say("hello", { town })),
      el("p", { class: "quiet" }, say("privacy"), " ", link),
      languageChoice(speech, languages, change),
      this.#details,
    );
  }

  /** @returns {{name: string, email: string}|null} null: the address is wrong and was pointed out */
  contact() {
    this.#details.open ||= this.#fields.some((field) => field.complaint());
    if (!areRight(this.#fields)) return null;
    const [name, email] = this.#fields.map((field) => field.value());
    return { name, email };
  }

  /** @returns {string[]} as typed, to be carried into another language */
  get typed() {
    return this.#fields.map(({ control }) => control.value);
  }

  set typed(values) {
    values.forEach((value, index) => (this.#fields[index].control.value = value));
    this.#details.open = values.some(Boolean);
  }
}

/**
 * One button for each language, in that language.
 * @param {import("./speech.js").Speech} speech @param {string[]} languages
 * @param {(language: string) => void} change
 */
export function languageChoice({ id, say }, languages, change) {
  const choice = (each) =>
    button(LANGUAGES[each], () => change(each), { lang: each, "aria-pressed": String(each === id) });
  return languages.length > 1
    ? el("div", { class: "row languages", role: "group", "aria-label": say("language") }, languages.map(choice))
    : null;
}
