/** What the widget says in each language: texts, plurals, numbers, times, direction of writing. */
import english from "./strings.en.js";

/** Languages by the name they give themselves. */
export const LANGUAGES = { en: "English", fr: "Français", ar: "العربية" };

const LOCALES = { en: "en-CA", fr: "fr-CA", ar: "ar-u-nu-latn" };
const TEXTS = {
  en: () => ({ default: english }),
  fr: () => import("./strings.fr.js"),
  ar: () => import("./strings.ar.js"),
};
const RIGHT_TO_LEFT = ["ar"];

/**
 * @typedef {(key: string, values?: Record<string, string|number>) => string} Say
 * A text may have a form for each plural category of `{n}`.
 */
export class Speech {
  /** @param {string} id @param {Record<string, string|Record<string, string>>} texts */
  constructor(id, texts) {
    this.id = id;
    this.direction = RIGHT_TO_LEFT.includes(id) ? "rtl" : "ltr";
    this.#texts = texts;
    this.#plurals = new Intl.PluralRules(LOCALES[id]);
    this.#numbers = new Intl.NumberFormat(LOCALES[id], { maximumFractionDigits: 1 });
    this.#times = new Intl.DateTimeFormat(LOCALES[id], { hour: "numeric", minute: "2-digit" });
  }

  #texts;
  #plurals;
  #numbers;
  #times;

  /** @type {Say} */
  say = (key, values = {}) => {
    const found = this.#texts[key] ?? english[key];
    const text = typeof found === "string" ? found : this.#form(found, values.n);
    return text.replace(/\{(\w+)\}/g, (_, name) => {
      const value = values[name] ?? "";
      if (typeof value === "number") return this.#numbers.format(value);
      // What is written the other way must not turn the words around it.
      return this.direction === "rtl" && value ? `\u2068${value}\u2069` : value;
    });
  };

  /** @param {Date} at @returns {string} hour and minute */
  time(at) {
    return Number.isNaN(at.getTime()) ? "" : this.#times.format(at);
  }

  #form(forms, n) {
    return forms[this.#plurals.select(Number(n))] ?? forms.other;
  }
}

/**
 * Learn a language; English where the texts cannot be loaded.
 * @param {string} id one of LANGUAGES
 * @returns {Promise<Speech>}
 */
export async function learn(id) {
  try {
    return new Speech(id, (await TEXTS[id]()).default);
  } catch {
    return new Speech("en", english);
  }
}

/**
 * The first language we have of those wished for.
 * @param {(string|null|undefined)[]} wishes language tags, best first
 * @param {string[]} offered ids
 * @returns {string}
 */
export function chosen(wishes, offered) {
  const ids = wishes.map((wish) => wish?.toLowerCase().split("-")[0]);
  return ids.find((id) => id && offered.includes(id)) ?? offered[0];
}
