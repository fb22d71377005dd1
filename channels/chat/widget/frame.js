/** The parts of the window that stay: launcher, title, options, safety line, where it stands. */
import { button, el, fill } from "./dom.js";
import { languageChoice } from "./intro.js";
import { standingWords, waysOut } from "./standing.js";

const PLACE = "\u0000"; // where the link goes in a sentence

/**
 * @typedef {{
 *   open: () => void, minimise: () => void, form: (name: import("./forms.js").FormName) => void,
 *   language: (id: string) => void,
 * }} FrameActs
 * @typedef {{town: string, emergency: string, privacy: string, forms: string, languages: string[]}} Config
 */
export class Frame {
  #speech;
  #config;
  #acts;
  #badge = el("span", { class: "badge", hidden: true });
  #reading = el("p", { class: "hidden", role: "status" });
  #words = el("div");
  #ways = el("div", { class: "row" });
  #waysKey = "";
  #menuKey = "?";
  #line = el("p", { class: "line-state", hidden: true });
  #menu;
  #menuButton;

  /**
   * @param {import("./speech.js").Speech} speech @param {Config} config @param {FrameActs} acts
   * @param {Node} talk the messages @param {HTMLElement} foot
   */
  constructor(speech, config, acts, talk, foot) {
    this.#speech = speech;
    this.#config = config;
    this.#acts = acts;
    const { say } = speech;
    const launch = { class: "launcher", "aria-haspopup": "dialog" };
    this.launcher = button(el("span", {}, say("launch")), acts.open, launch);
    this.launcher.append(this.#badge);
    this.#menu = el("div", { class: "menu", id: "menu", hidden: true });
    this.#menuButton = button(say("options"), () => this.menu(this.#menu.hidden), {
      "aria-expanded": "false",
      "aria-controls": "menu",
    });
    const minimise = button("–", acts.minimise, { "aria-label": say("minimise"), title: say("minimise") });
    this.title = el("h2", { id: "title", tabindex: -1 }, say("title", { town: config.town }));
    this.window = el(
      "section",
      { role: "dialog", "aria-modal": "false", "aria-labelledby": "title", "aria-describedby": "safety" },
      el("div", { class: "head" }, this.title, this.#menuButton, minimise),
      this.#menu,
      this.#safety(),
      el("div", { class: "standing" }, this.#words, this.#ways, this.#line),
      talk,
      foot,
    );
    this.window.hidden = true;
    this.window.addEventListener("keydown", (event) => this.#onKey(event));
    const { id: lang, direction: dir } = speech;
    // The corner is the page's, whatever language the chat is in.
    const isLeft = getComputedStyle(document.body).direction === "rtl";
    this.node = el("div", { class: isLeft ? "chat left" : "chat", lang, dir }, this.launcher, this.window, this.#reading);
  }

  /** @param {boolean} isOpen */
  show(isOpen) {
    this.window.hidden = !isOpen;
    this.launcher.hidden = isOpen;
    if (!isOpen) this.menu(false);
  }

  /** @param {string} text read out by screen readers, seen by nobody */
  announce(text) {
    fill(this.#reading, text);
  }

  /** @param {number} count of messages that were not seen */
  unread(count) {
    const words = this.#speech.say("unread", { n: count });
    const number = el("span", { "aria-hidden": "true" }, count);
    fill(this.#badge, number, el("span", { class: "hidden" }, ` (${words})`));
    this.#badge.hidden = count === 0;
  }

  /** @param {import("./conversation.js").Standing|null} standing */
  standing(standing) {
    const { say } = this.#speech;
    const words = standingWords(standing, say, this.#config.town);
    const mark = standing?.reference && say("reference", { reference: standing.reference });
    fill(
      this.#words,
      words.length > 0 && el("p", { class: "first" }, words.join(" ")),
      mark && el("p", { class: "quiet" }, mark),
    );
    this.#offer(waysOut(standing), standing?.state === "closed");
  }

  /** @param {string} text on the connection; "" when all is well @param {boolean} isBroken */
  line(text, isBroken) {
    const { forms } = this.#config;
    const link = isBroken && forms && el("a", { href: forms }, this.#speech.say("forms"));
    fill(this.#line, text, " ", link);
    this.#line.hidden = !text;
  }

  /** @param {string[]} names forms to choose from, beside the language */
  choices(names) {
    const key = names.join();
    if (key === this.#menuKey) return;
    this.#menuKey = key;
    const { say } = this.#speech;
    const choose = (name) => () => {
      this.menu(false);
      this.#acts.form(name);
    };
    fill(
      this.#menu,
      languageChoice(this.#speech, this.#config.languages, this.#acts.language),
      el("div", { class: "row" }, names.map((name) => button(say(name), choose(name)))),
    );
  }

  /** @param {boolean} isShown */
  menu(isShown) {
    this.#menu.hidden = !isShown;
    this.#menuButton.setAttribute("aria-expanded", String(isShown));
  }

  #safety() {
    const { emergency } = this.#config;
    const [before, after = ""] = this.#speech.say("safety", { number: PLACE }).split(PLACE);
    const link = el("a", { href: `tel:${emergency}`, dir: "ltr" }, emergency);
    return el("p", { id: "safety", class: "safety" }, before, link, after);
  }

  /** Only rebuilt when the ways change: the focus may be on one. */
  #offer(ways, isClosed) {
    const { say } = this.#speech;
    const key = `${ways} ${isClosed}`;
    if (key === this.#waysKey) return;
    const hadFocus = this.#ways.contains(this.node.getRootNode().activeElement ?? null);
    this.#waysKey = key;
    this.#ways.hidden = ways.length === 0;
    fill(
      this.#ways,
      el("span", { class: "quiet" }, say(isClosed ? "instead_closed" : "instead")),
      ways.map((way) => button(say(way), () => this.#acts.form(way))),
    );
    if (hadFocus) this.title.focus();
  }

  #onKey(event) {
    if (event.key !== "Escape" || event.isComposing) return;
    event.stopPropagation();
    if (this.#menu.hidden) return this.#acts.minimise();
    this.menu(false);
    this.#menuButton.focus();
  }
}
