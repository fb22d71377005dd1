/** What a person has chosen for this browser: language, looks, sound. Kept in local storage. */

import { keep, kept } from "./kept";

export type Language = "en" | "fr";
export type Looks = "auto" | "light" | "dark";

export const LANGUAGES: Record<Language, string> = { en: "English", fr: "Français" };

const KEY = "townline.preferences";

interface Kept {
  language?: Language;
  looks?: Looks;
  isLoud?: boolean;
  notifies?: boolean;
}

function read(): Kept {
  return kept(KEY, {});
}

function preferred(): Language {
  return navigator.languages.map((tag) => tag.slice(0, 2)).find((tag) => tag in LANGUAGES) === "fr"
    ? "fr"
    : "en";
}

class Preferences {
  language = $state<Language>("en");
  looks = $state<Looks>("auto");
  isLoud = $state(true);
  notifies = $state(false);

  constructor() {
    this.#take(read());
    window.addEventListener("storage", (event) => {
      if (event.key === KEY) this.#take(read());
    });
  }

  choose(change: Kept): void {
    const chosen = { ...read(), ...change };
    keep(KEY, chosen); // in a browser that keeps nothing it holds until the page is closed
    this.#take(chosen);
  }

  #take(kept: Kept): void {
    this.language = kept.language ?? preferred();
    this.looks = kept.looks ?? "auto";
    this.isLoud = kept.isLoud ?? true;
    this.notifies = kept.notifies ?? false;
    document.documentElement.lang = this.language;
    document.documentElement.dataset["looks"] = this.looks;
  }
}

export const preferences = new Preferences();

/** A catalogue in both languages, as each area's `words.ts` has one. */
export type Catalogue<T> = Record<Language, T>;

/** The other language's half: the same names, any texts. */
export type Words<T> = {
  [K in keyof T]: T[K] extends string
    ? string
    : T[K] extends (...given: infer A) => string
      ? (...given: A) => string
      : Words<T[K]>;
};

/** The catalogue in the person's language; use it inside `$derived`. */
export function inWords<T>(catalogue: Catalogue<T>): T {
  return catalogue[preferences.language];
}
