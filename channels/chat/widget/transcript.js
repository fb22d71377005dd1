/** What was said, by both, in the order it is shown; and how much of it the resident has seen. */
import { chanceId } from "./store.js";

export const READ = "read"; // key of the last message seen, as it is kept
// Told in words for programs that do not know our events; here they have places of their own.
const SHOWN_ELSEWHERE = ["standing", "safety"];

/**
 * @typedef {{
 *   key: string, isMine: boolean, activity: Record<string, any>, at: Date,
 *   delivery?: import("./outbox.js").Delivery, failure?: import("./outbox.js").Failure,
 * }} Message
 */
export class Transcript {
  /** @type {Map<string, Message>} */
  #messages = new Map();
  #store;

  /** @param {import("./store.js").Store} store */
  constructor(store) {
    this.#store = store;
  }

  /** @returns {Message[]} */
  get all() {
    return [...this.#messages.values()];
  }

  /** @returns {boolean} whether the resident has said something */
  get isBegun() {
    return this.all.some(({ isMine }) => isMine);
  }

  /**
   * The message that an activity is; null for what is not shown among the messages.
   * One that is told again takes the place of itself; one's own has arrived with it.
   * @returns {Message|null}
   */
  told(activity, isMine) {
    const { id, type, timestamp, channelData } = activity;
    if (SHOWN_ELSEWHERE.includes(channelData?.townline)) return null;
    if (type !== "message" && !(type === "event" && isMine)) return null;
    const key = (isMine && channelData?.clientActivityID) || id || chanceId();
    const at = new Date(timestamp ?? Date.now());
    return this.#put({ key, isMine, activity, at, delivery: isMine ? "sent" : undefined });
  }

  /**
   * The message of the resident that an entry of the outbox is.
   * @param {import("./outbox.js").Entry} entry @param {import("./outbox.js").Delivery} delivery
   * @returns {Message|null} null: nothing changed
   */
  sent({ cid: key, activity: written, failure }, delivery) {
    const known = this.#messages.get(key);
    if (known?.delivery === "sent") return null; // the stream was faster than the answer
    const at = known?.at ?? new Date(written.timestamp);
    const activity = known?.activity ?? written;
    return this.#put({ key, isMine: true, activity, at, delivery, failure });
  }

  /** @param {string} key */
  remove(key) {
    this.#messages.delete(key);
  }

  clear() {
    this.#messages.clear();
    this.#store.remove(READ);
  }

  /** @returns {number} of the town's messages that were not seen */
  get unread() {
    const keys = this.#theirs;
    return keys.length - 1 - keys.lastIndexOf(this.#store.read(READ));
  }

  /** Everything so far was seen. */
  markRead() {
    if (this.unread) this.#store.write(READ, this.#theirs.at(-1));
  }

  get #theirs() {
    return this.all.filter(({ isMine }) => !isMine).map(({ key }) => key);
  }

  /** One that is there keeps its place. */
  #put(message) {
    this.#messages.set(message.key, message);
    return message;
  }
}
