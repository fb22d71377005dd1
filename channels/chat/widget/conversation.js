/**
 * One conversation as the resident sees it: what was said by whom, where it stands, what is still on
 * its way. Knows nothing of the page; tells a listener what changed.
 */
import { DirectLine } from "./directline.js";
import { Outbox } from "./outbox.js";
import { Lost, Session } from "./session.js";
import { Store, Tab } from "./store.js";
import { Stream } from "./stream.js";
import { READ, Transcript } from "./transcript.js";

const TYPING_EVERY_MS = 3000;
const OF_ONE_CHAT = ["townline/end", "townline/survey", "townline/transcript"];

/**
 * @typedef {import("./transcript.js").Message} Message
 * @typedef {{name: string, email: string}} Contact
 * @typedef {{
 *   state: "ready"|"waiting"|"talking"|"closed"|"away"|"ended", place: number|null,
 *   wait_low_min: number|null, wait_high_min: number|null, agent: string|null, reference: string,
 *   opens: string|null, can: string[], upload_max: number, upload_kinds: string[],
 * }} Standing
 * @typedef {{
 *   message: (message: Message) => void, standing: () => void, typing: (name: string) => void,
 *   line: () => void, restarted: () => void, cleared: () => void, read: () => void,
 *   isOpen: () => boolean,
 * }} Listener
 */
export class Conversation {
  /** @type {Standing|null} */
  standing = null;
  /** @type {"idle"|"connecting"|"open"|"offline"} */
  line = "idle";
  locale = "en";
  #listener;
  #store;
  #tab;
  #session;
  #outbox;
  /** @type {Stream|null} */
  #stream = null;
  #typedAt = 0;
  #id = ""; // of the conversation on the page
  #unwatch;

  /** @param {string} server @param {Listener} listener */
  constructor(server, listener) {
    this.#listener = listener;
    this.#store = new Store(server);
    this.transcript = new Transcript(this.#store);
    this.#tab = new Tab(server);
    this.#session = new Session(new DirectLine(server), this.#store, this.#tab);
    this.#outbox = new Outbox(this.#store, this.#tab, this.#send.bind(this), this.#onDelivery.bind(this));
    this.#unwatch = this.#store.watch((key) => this.#onOtherTab(key));
  }

  /** @returns {any} what this browser keeps about the resident's wishes, e.g. the language */
  get settings() {
    return this.#store;
  }

  get isEnded() {
    return this.standing?.state === "ended";
  }

  /** Take up what an earlier page left: a conversation, messages that were not sent. */
  resume() {
    const isUnsent = this.#store.keys("unsent ").length > 0;
    if (this.#session.saved?.isEnded && !isUnsent) this.forget();
    if (this.#session.saved || isUnsent) this.start();
  }

  /** Be connected from now on. Harmless when it is. */
  start() {
    if (this.#stream) return;
    this.#stream = new Stream(this.#session, {
      opened: (id) => (this.#id = id),
      activities: (all) => all.forEach((activity) => this.#receive(activity)),
      line: (state) => this.#setLine(state),
      lost: () => this.#restart(),
    });
    this.#tab.claim();
    this.#outbox.adopt();
    this.#stream.run(this.locale);
  }

  /** @param {string} text a message of the resident @param {Contact} [contact] who says it */
  say(text, contact) {
    this.#add({ type: "message", text, contact });
  }

  /** @param {string} name @param {object} value one of the `townline/…` events */
  tell(name, value) {
    this.#add({ type: "event", name, value });
    if (name === "townline/end") this.#end();
  }

  /** @param {File} file @param {Contact} [contact] whose it is */
  give(file, contact) {
    const attachments = [{ name: file.name, contentType: file.type }];
    this.#add({ type: "message", attachments, contact }, file);
  }

  /** The resident is writing; told at most every few seconds, and never kept. */
  typing() {
    if (this.line !== "open" || Date.now() - this.#typedAt < TYPING_EVERY_MS) return;
    this.#typedAt = Date.now();
    const activity = (saved) => ({ type: "typing", from: { id: saved.user } });
    this.#session.ask((api, saved) => api.post(saved.id, activity(saved))).catch(() => {});
  }

  /** @param {string} key of a message that was not sent */
  retry(key) {
    this.#outbox.retry(key);
  }

  /** @param {string} key of a message that was not sent and now will not be */
  withdraw(key) {
    this.#outbox.withdraw(key);
    this.transcript.remove(key);
  }

  /** The network or the resident is back. */
  nudge() {
    this.#stream?.nudge();
    this.#outbox.nudge();
  }

  /** The browser says that the network is gone. */
  disconnect() {
    this.#stream?.drop();
  }

  /** Leave nothing of it in this browser and on the page. */
  forget() {
    this.#session.forget();
    this.#clear();
  }

  /** The page goes away; everything stays in the browser. */
  stop() {
    this.#leave();
    this.#outbox.stop();
    this.#session.stop();
    this.#unwatch();
  }

  #add(activity, file) {
    this.start();
    this.#outbox.add({ ...activity, locale: this.locale, timestamp: new Date().toISOString() }, file);
  }

  async #send({ cid, activity }, file) {
    await this.#session.open(this.locale);
    const present = this.#session.saved?.id;
    try {
      await this.#session.ask((api, saved) => {
        const { timestamp, attachments, contact, ...told } = activity;
        const channelData = { clientActivityID: cid, contact };
        const whole = { ...told, from: { id: saved.user }, channelData };
        return file ? api.upload(saved.id, whole, file) : api.post(saved.id, whole);
      });
    } catch (error) {
      if (error instanceof Lost && this.#session.saved?.id === present) this.#restart();
      throw error;
    }
  }

  #onDelivery(entry, delivery) {
    const message = this.transcript.sent(entry, delivery);
    if (message) this.#listener.message(message);
  }

  #receive(activity) {
    const { type, from = {} } = activity;
    const isMine = from.role === "user" || from.id === this.#session.saved?.user;
    if (type === "typing" && !isMine) this.#listener.typing(from.name);
    if (type === "endOfConversation") this.#end();
    if (type === "event" && !isMine && activity.name === "townline/standing") {
      this.standing = { can: [], ...activity.value };
      this.#session.end(this.isEnded);
      this.#listener.standing();
    }
    if (isMine) this.#outbox.withdraw(activity.channelData?.clientActivityID);
    const message = this.transcript.told(activity, isMine);
    if (message) this.#listener.message(message);
  }

  #end() {
    const nothing = { place: null, wait_low_min: null, wait_high_min: null, agent: null };
    this.standing = { can: [], ...nothing, ...this.standing, state: "ended" };
    this.#session.end(true);
    this.#listener.standing();
  }

  /** The server knows nothing of the conversation: what is unsent goes into a new one. */
  #restart() {
    const isWanted = !this.#outbox.isEmpty || this.#listener.isOpen();
    this.#session.forget();
    if (!isWanted) return this.#clear();
    this.#leave();
    this.standing = null;
    this.#listener.restarted();
    this.start();
  }

  #clear() {
    this.#leave();
    this.transcript.clear();
    this.standing = null;
    this.#listener.cleared();
  }

  #leave() {
    this.#outbox.leaveOut(this.#session.saved ? [] : OF_ONE_CHAT);
    this.#stream?.stop();
    this.#stream = null;
    this.#id = "";
    this.#setLine("idle");
  }

  #setLine(state) {
    if (this.line === state) return;
    this.line = state;
    this.#listener.line();
  }

  #onOtherTab(key) {
    if (key === READ) this.#listener.read();
    if (key !== "session") return;
    const id = this.#session.saved?.id;
    if (!id || (this.#id && id !== this.#id)) this.#clear();
    if (id) this.start();
  }
}
