/** The messages, oldest first; new ones are read out politely, changes of their delivery are not. */
import { anchor, button, el, fill, linked } from "./dom.js";

/** What the resident asked for by a form, in the first person. */
const DID = {
  "townline/callback": "did_callback",
  "townline/transcript": "did_transcript",
  "townline/survey": "did_survey",
  "townline/end": "did_end",
};
/** What the town's refusals mean, in the language of the page; of others its own words are shown. */
const REFUSALS = { NotANumber: "not_number", NotAnAddress: "not_email", MessageSizeTooBig: "too_long" };
const END_PX = 48; // so near the end is at the end
const TYPING_MS = 6000;

/** @typedef {import("./conversation.js").Message} Message */

export class Log {
  #speech;
  #town;
  #acts;
  #list = el("div", { class: "list" });
  #typing = el("p", { class: "typing", "aria-live": "off", hidden: true });
  #newer;
  #shown = new Map(); // key -> its parts
  #timer = 0;

  /**
   * @param {import("./speech.js").Speech} speech @param {string} town
   * @param {{retry: (message: Message) => void, change: (message: Message) => void}} acts
   */
  constructor(speech, town, acts) {
    this.#speech = speech;
    this.#town = town;
    this.#acts = acts;
    const { say } = speech;
    this.scroller = el(
      "div",
      { class: "log", role: "log", tabindex: 0, "aria-label": say("log"), "aria-relevant": "additions" },
      this.#list,
      this.#typing,
    );
    this.#newer = button(say("newer"), () => this.toEnd(), { class: "newer", hidden: true });
    this.scroller.addEventListener("scroll", () => {
      if (this.#isAtEnd) this.#newer.hidden = true;
    });
    this.node = el("div", { class: "talk" }, this.scroller, this.#newer);
  }

  /** @param {boolean} isLive whether new messages are read out; not while old ones are fetched */
  set isLive(isLive) {
    this.scroller.setAttribute("aria-live", isLive ? "polite" : "off");
  }

  /** @param {Node} node stands above all messages */
  set head(node) {
    this.scroller.prepend(node);
  }

  /** @param {Message} message new, or changed */
  put(message) {
    const wasAtEnd = this.#isAtEnd;
    let parts = this.#shown.get(message.key);
    if (!parts) {
      parts = this.#parts(message);
      this.#shown.set(message.key, parts);
      this.#list.append(parts.node);
    }
    this.#body(parts, message);
    this.#meta(parts, message);
    if (!message.isMine) this.typing("");
    if (wasAtEnd || message.delivery === "sending") this.toEnd();
    else this.#newer.hidden = message.isMine;
  }

  /** @param {string} key */
  remove(key) {
    this.#shown.get(key)?.node.remove();
    this.#shown.delete(key);
  }

  /** @param {string} text of the widget itself, between messages */
  note(text) {
    this.#list.append(el("p", { class: "note" }, text));
    this.toEnd();
  }

  clear() {
    this.#shown.clear();
    fill(this.#list);
    this.#newer.hidden = true;
  }

  /** @param {string} name of who is writing; "" for nobody */
  typing(name) {
    clearTimeout(this.#timer);
    this.#typing.hidden = !name;
    fill(this.#typing, name && this.#speech.say("typing", { name }));
    if (!name) return;
    if (this.#isAtEnd) this.toEnd();
    this.#timer = setTimeout(() => this.typing(""), TYPING_MS);
  }

  /** @param {Message} message @returns {string} whether it has arrived, and if not, why */
  deliveryWords({ delivery, failure }) {
    const { say } = this.#speech;
    const why = failure && (REFUSALS[failure.code] ? say(REFUSALS[failure.code]) : failure.message);
    return delivery ? [say(delivery), why].filter(Boolean).join(": ") : "";
  }

  toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.#newer.hidden = true;
  }

  get #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.scroller;
    return scrollHeight - scrollTop - clientHeight < END_PX;
  }

  #parts({ isMine, activity }) {
    const { say } = this.#speech;
    const who = isMine ? say("you") : (activity.from?.name ?? this.#town);
    const body = el("div", { class: "bubble", dir: "auto" });
    const meta = el("div", { class: "meta", "aria-live": "off" });
    const name = el("div", { class: isMine ? "who hidden" : "who", dir: "auto" }, who);
    const node = el("div", { class: isMine ? "said mine" : "said" }, name, body, meta);
    return { node, body, meta, key: "" };
  }

  /** Written once, unless the town stored it differently: a new text would be read out again. */
  #body(parts, { activity }) {
    const { type, name, value = {}, text = "", attachments = [] } = activity;
    const key = JSON.stringify([name, value, text, attachments]);
    if (parts.key === key) return;
    parts.key = key;
    const { say } = this.#speech;
    const did = DID[name] && say(DID[name], { ...value, n: value.score });
    const words = type === "event" ? (did ?? value.text ?? name) : text;
    fill(parts.body, linked(String(words)), attachments.map((each) => this.#file(each)));
  }

  #file({ name, contentUrl }) {
    const label = this.#speech.say("file", { name: name ?? "" });
    return el("div", {}, (contentUrl && anchor(contentUrl, label, this.#acts.home)) || label);
  }

  #meta(parts, message) {
    const { say } = this.#speech;
    const { at, delivery } = message;
    const isLate = delivery === "waiting" || delivery === "failed";
    const isRefused = delivery === "failed";
    const retry = () => this.#acts.retry(message);
    const change = () => this.#acts.change(message);
    const words = this.deliveryWords(message);
    const hadFocus = parts.meta.contains(parts.meta.getRootNode().activeElement ?? null);
    fill(
      parts.meta,
      el("time", { datetime: Number.isNaN(+at) ? "" : at.toISOString() }, this.#speech.time(at)),
      words && el("span", { class: isLate ? "late" : "" }, words),
      isLate && button(say("retry"), retry),
      isRefused && button(say("change"), change),
    );
    if (hadFocus) this.scroller.focus();
  }
}
