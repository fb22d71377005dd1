/** Where the resident writes: text, files within the town's limits, suggested answers. */
import { button, el, fill } from "./dom.js";

const MB = 1_000_000;

/**
 * @typedef {{
 *   say: (text: string) => boolean, give: (file: File) => void, typing: () => void,
 * }} ComposerActs `say` answers whether the text was taken
 */
export class Composer {
  #say;
  #acts;
  #text;
  #file;
  #attach;
  #wrong = el("p", { class: "wrong", role: "alert" });
  #answers;
  /** @type {{max: number, kinds: string[]}} */
  #limits = { max: 0, kinds: [] };

  /** @param {import("./speech.js").Say} say @param {ComposerActs} acts */
  constructor(say, acts) {
    this.#say = say;
    this.#acts = acts;
    this.#text = el("textarea", {
      id: "text",
      rows: 2,
      placeholder: say("write"),
      dir: "auto",
      "aria-describedby": "enter",
      onkeydown: (event) => this.#onKey(event),
      oninput: () => acts.typing(),
    });
    this.#file = el("input", {
      type: "file",
      class: "hidden",
      tabindex: -1,
      "aria-hidden": "true",
      onchange: () => this.#give(),
    });
    this.#attach = button("+", () => this.#file.click(), {
      class: "attach",
      "aria-label": say("attach"),
      title: say("attach"),
      hidden: true,
    });
    this.#answers = el("div", { class: "row", role: "group", "aria-label": say("answers") });
    this.node = el(
      "form",
      { class: "composer", "aria-label": say("write"), onsubmit: (event) => this.#submit(event) },
      this.#answers,
      el("label", { for: "text", class: "hidden" }, say("write")),
      el("span", { id: "enter", class: "hidden" }, say("enter")),
      this.#wrong,
      el("div", { class: "line" }, this.#attach, this.#file, this.#text, sendButton(say)),
    );
    this.offer([]);
  }

  get text() {
    return this.#text.value;
  }

  set text(text) {
    this.#text.value = text;
  }

  focus() {
    this.#text.focus();
  }

  /** @param {number} max bytes; 0 takes no files @param {string[]} kinds such as ".pdf" */
  limit(max, kinds) {
    this.#limits = { max, kinds: kinds.map((kind) => kind.toLowerCase()) };
    this.#file.accept = kinds.join(",");
    this.#attach.hidden = !max;
  }

  /** @param {{title?: string, value: any}[]} answers suggested by the town; none to take them away */
  offer(answers) {
    const hadFocus = this.#answers.contains(this.node.getRootNode().activeElement ?? null);
    const give = (answer) => () => {
      if (this.#acts.say(String(answer.value ?? answer.title))) this.focus();
    };
    fill(this.#answers, answers.map((each) => button(each.title ?? String(each.value), give(each))));
    this.#answers.hidden = answers.length === 0;
    if (hadFocus) this.focus();
  }

  #onKey(event) {
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    this.node.requestSubmit();
  }

  #submit(event) {
    event.preventDefault();
    fill(this.#wrong);
    const text = this.text.trim();
    if (!text || !this.#acts.say(text)) return;
    this.text = "";
    this.focus();
  }

  #give() {
    const [file] = this.#file.files;
    this.#file.value = "";
    if (!file) return;
    const wrong = this.#complaint(file);
    fill(this.#wrong, wrong);
    if (!wrong) this.#acts.give(file);
    this.focus();
  }

  #complaint({ name, size }) {
    const { max, kinds } = this.#limits;
    const isKnown = kinds.length === 0 || kinds.some((kind) => name.toLowerCase().endsWith(kind));
    if (!isKnown) return this.#say("file_kind", { name, kinds: kinds.join(", ") });
    return size > max && this.#say("file_large", { name, n: max / MB });
  }
}

function sendButton(say) {
  return el("button", { type: "submit", class: "main" }, say("send"));
}
