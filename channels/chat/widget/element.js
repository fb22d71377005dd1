/**
 * The element `<townline-chat>`: a button in the corner of the page that opens the chat.
 *
 * Attributes, all optional: `lang` (else that of the page, else of the browser; what the resident
 * chose wins), `languages` (those on offer, e.g. "en fr"), `town` and `town-fr`, `town-ar` (its name
 * inside a sentence), `server` (where Direct Line is; else where the script came from), `emergency`
 * (number of the safety line; 911), `privacy` (address of the privacy page), `forms` (address of the
 * web forms, offered when the chat cannot be reached).
 * Colours: the CSS properties `--townline-accent` and `--townline-on-accent`.
 */
import { Conversation } from "./conversation.js";
import { Panel } from "./panel.js";
import { LANGUAGES, chosen, learn } from "./speech.js";
import { styleSheet } from "./style.js";

const LANGUAGE = "language"; // the resident's choice, as it is kept

export class TownlineChat extends HTMLElement {
  static home = ""; // where the script came from
  static observedAttributes = ["lang"];
  /** @type {Conversation|null} */
  #conversation = null;
  /** @type {Panel|null} */
  #panel = null;
  #language = "";
  #listening = new AbortController();

  connectedCallback() {
    const root = this.shadowRoot ?? this.attachShadow({ mode: "open" });
    root.adoptedStyleSheets = [styleSheet()];
    this.#conversation = new Conversation(this.#home, this.#listener());
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    addEventListener("online", () => this.#conversation?.nudge(), { signal });
    addEventListener("offline", () => this.#conversation?.disconnect(), { signal });
    addEventListener("pageshow", () => this.#conversation?.nudge(), { signal });
    document.addEventListener("visibilitychange", () => this.#onVisibility(), { signal });
    document.addEventListener("focusin", (event) => this.#uncover(event), { signal });
    this.#speak().then(() => this.#conversation?.resume());
  }

  disconnectedCallback() {
    this.#listening.abort();
    this.#conversation?.stop();
    this.#conversation = null;
    this.#panel = null;
  }

  attributeChangedCallback() {
    if (this.#conversation) this.#speak();
  }

  /** Open the chat, for a link of the page that leads to it. */
  open() {
    this.#panel?.open();
  }

  get #home() {
    return new URL(this.getAttribute("server") ?? TownlineChat.home, document.baseURI).href;
  }

  get #offered() {
    const known = Object.keys(LANGUAGES);
    const wished = (this.getAttribute("languages") ?? "").split(/[\s,]+/);
    const offered = wished.filter((id) => known.includes(id));
    return offered.length ? offered : known;
  }

  /** The conversation speaks to whatever panel there is. @returns {any} */
  #listener() {
    const events = ["message", "standing", "typing", "line", "restarted", "cleared", "read"];
    const heard = events.map((name) => [name, (value) => this.#panel?.[name](value)]);
    return { ...Object.fromEntries(heard), isOpen: () => this.#panel?.isOpen ?? false };
  }

  /** Show everything in the language of choice; what was typed stays. */
  async #speak() {
    const conversation = this.#conversation;
    if (!conversation) return;
    const { lang } = document.documentElement;
    const wishes = [conversation.settings.read(LANGUAGE), this.getAttribute("lang"), lang];
    const language = chosen([...wishes, ...navigator.languages], this.#offered);
    if (language === this.#language && this.#panel) return;
    const speech = await learn(language);
    if (conversation !== this.#conversation) return; // the element has left the page meanwhile
    this.#language = language;
    conversation.locale = language;
    const old = this.#panel;
    const acts = { home: this.#home, language: (id) => this.#choose(id) };
    const panel = new Panel(speech, this.#config(speech), conversation, acts);
    if (old) panel.typed = old.typed;
    this.#panel = panel;
    this.shadowRoot?.replaceChildren(panel.node);
    if (old?.isOpen) panel.open();
  }

  async #choose(language) {
    this.#conversation?.settings.write(LANGUAGE, language);
    await this.#speak();
    this.#panel?.focusLanguage();
  }

  #config({ id, say }) {
    return {
      town: this.getAttribute(`town-${id}`) ?? this.getAttribute("town") ?? say("town"),
      emergency: this.getAttribute("emergency") ?? "911",
      privacy: this.getAttribute("privacy") ?? "",
      forms: this.getAttribute("forms") ?? "",
      languages: this.#offered,
    };
  }

  #onVisibility() {
    if (document.hidden) return;
    this.#conversation?.nudge();
    this.#panel?.read();
  }

  /** Whoever moves the focus to something below the chat sees it: the chat makes room. */
  #uncover({ target }) {
    if (!this.#panel?.isOpen || target === this || !(target instanceof Element)) return;
    const below = target.getBoundingClientRect();
    const above = this.#panel.window.getBoundingClientRect();
    const isCovered =
      below.left >= above.left && below.right <= above.right && below.top >= above.top && below.bottom <= above.bottom;
    if (isCovered) this.#panel.minimise(false);
  }
}
