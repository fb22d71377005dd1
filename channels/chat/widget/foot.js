/** The lower part of the window: where to write, or a form, or what is left to do at the end. */
import { Composer } from "./composer.js";
import { button, el, fill } from "./dom.js";
import { makeForm } from "./forms.js";

/**
 * @typedef {{
 *   write: (text: string) => boolean, give: (file: File) => void, known: () => string[],
 *   grown: () => void, rest: () => void,
 * }} FootActs `known` is name and e-mail as typed elsewhere, `rest` takes the focus when nothing here can
 */
export class Foot {
  node = el("div", { class: "foot" });
  #say;
  #conversation;
  #acts;
  #form = ""; // name of the one that is open
  #isRated = false;

  /**
   * @param {import("./speech.js").Say} say
   * @param {import("./conversation.js").Conversation} conversation @param {FootActs} acts
   */
  constructor(say, conversation, acts) {
    this.#say = say;
    this.#conversation = conversation;
    this.#acts = acts;
    this.composer = new Composer(say, {
      say: acts.write,
      give: acts.give,
      typing: () => conversation.typing(),
    });
  }

  /** Put the focus where it goes on. */
  focus() {
    if (this.composer.node.parentNode === this.node) this.composer.focus();
    else this.#acts.rest();
  }

  /** Show what the standing allows: to write, to begin again, or neither. A form that is open stays. */
  update() {
    const { standing, isEnded } = this.#conversation;
    this.composer.limit(standing?.upload_max ?? 0, standing?.upload_kinds ?? []);
    if (this.#form) return;
    const isClosed = standing?.state === "closed" && standing.can.length > 0;
    if (isEnded) this.#fill(this.#endNodes());
    else this.#fill(isClosed ? [] : [this.composer.node]);
  }

  /** Nothing of the last conversation stays. */
  clear() {
    this.#form = "";
    this.#isRated = false;
  }

  /** @param {import("./forms.js").FormName} name @param {Record<string, string>} [values] filled in */
  openForm(name, values = {}) {
    const [known, email] = this.#acts.known();
    const { standing } = this.#conversation;
    const isClosed = standing?.state === "closed";
    const close = () => {
      this.#form = "";
      this.update();
      this.focus();
    };
    const send = (value) => {
      this.#conversation.tell(`townline/${name}`, value);
      close();
    };
    const given = { name: known, email, ...values };
    const form = makeForm(name, this.#say, { send, cancel: close }, given, isClosed, standing?.times);
    this.#form = name;
    fill(this.node, form);
    this.#acts.grown();
    (form.querySelector("input, textarea") ?? form.querySelector("h3"))?.focus();
  }

  /** @param {string} text that was not sent, to be changed; before what is being written */
  putBack(text) {
    this.composer.text = [text, this.composer.text].filter(Boolean).join("\n");
    this.focus();
  }

  /** Only replaces what changes: the focus may be on it, and there may be text in it. */
  #fill(nodes) {
    const present = [...this.node.childNodes];
    if (nodes.length === present.length && nodes.every((node, at) => node === present[at])) return;
    const hadFocus = this.node.contains(this.node.getRootNode().activeElement ?? null);
    fill(this.node, nodes);
    this.#acts.grown();
    if (hadFocus) this.focus();
  }

  #endNodes() {
    const { can } = this.#conversation.standing;
    const key = `${can} ${this.#isRated}`;
    if (this.#ending?.key === key) return this.#ending.nodes;
    const send = (value) => {
      this.#conversation.tell("townline/survey", value);
      this.#isRated = true;
      this.update();
    };
    const hasSurvey = can.includes("survey") && !this.#isRated;
    const again = button(this.#say("again"), () => this.#conversation.forget(), { class: "main" });
    const copy = button(this.#say("transcript"), () => this.openForm("transcript"));
    const nodes = [
      hasSurvey && makeForm("survey", this.#say, { send, cancel: null }, {}, false),
      el("div", { class: "row" }, can.includes("transcript") && copy, again),
    ].filter(Boolean);
    this.#ending = { key, nodes };
    return nodes;
  }

  /** @type {{key: string, nodes: HTMLElement[]}|null} */
  #ending = null;
}
