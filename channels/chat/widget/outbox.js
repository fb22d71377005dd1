/**
 * What the resident said and the town has not stored yet: kept in the browser, sent one after the
 * other in the order of writing, repeated with the same mark until it is acknowledged.
 *
 * An entry belongs to the tab it was written in; another tab takes it over only when that one is gone.
 */
import { Pause, backoffMs } from "./backoff.js";
import { chanceId } from "./store.js";

const PREFIX = "unsent ";
const QUICK = 1; // so many failures are not worth mentioning

/**
 * @typedef {{code: string, message: string}} Failure why the town will never take it
 * @typedef {{
 *   cid: string, key: string, owner: string, activity: Record<string, any>, failure?: Failure,
 * }} Entry
 * @typedef {"sending"|"waiting"|"failed"|"sent"} Delivery
 */
export class Outbox {
  #store;
  #tab;
  #send;
  #told;
  #entries = new Map(); // cid -> Entry, of this tab, oldest first
  #files = new Map(); // cid -> File: they cannot be kept across pages
  #pause = new Pause();
  #isBusy = false;
  #isStopped = false;

  /**
   * @param {(entry: Entry, file?: File) => Promise<void>} send returns once it is stored
   * @param {(entry: Entry, state: Delivery) => void} told
   */
  constructor(store, tab, send, told) {
    this.#store = store;
    this.#tab = tab;
    this.#send = send;
    this.#told = told;
  }

  get isEmpty() {
    return this.#entries.size === 0;
  }

  /** @param {Record<string, any>} activity @param {File} [file] @returns {Entry} */
  add(activity, file) {
    const cid = chanceId();
    const key = `${PREFIX}${Date.now().toString(36).padStart(9, "0")} ${cid}`;
    const entry = { cid, key, owner: this.#tab.id, activity };
    this.#entries.set(cid, entry);
    if (file) this.#files.set(cid, file);
    else this.#store.write(key, entry);
    this.#told(entry, "sending");
    this.#pump();
    return entry;
  }

  /** Take over what tabs left behind that are gone. */
  adopt() {
    return this.#tab.exclusive("outbox", async () => {
      for (const key of this.#store.keys(PREFIX)) {
        const entry = this.#store.read(key);
        if (!entry || this.#entries.has(entry.cid)) continue;
        if (await this.#tab.isAlive(entry.owner)) continue;
        entry.owner = this.#tab.id;
        this.#store.write(key, entry);
        this.#entries.set(entry.cid, entry);
        this.#told(entry, entry.failure === undefined ? "sending" : "failed");
      }
      this.#pump();
    });
  }

  /** @param {string} cid try once more, also what was refused */
  retry(cid) {
    const entry = this.#entries.get(cid);
    if (!entry) return;
    delete entry.failure;
    this.#keep(entry);
    this.#told(entry, "sending");
    this.#pause.wake();
    this.#pump();
  }

  /** @param {string} cid taken back unsent, or seen stored before its answer came */
  withdraw(cid) {
    const entry = this.#entries.get(cid);
    if (entry) this.#drop(entry);
  }

  /** @param {string[]} names of events that mean nothing in another conversation */
  leaveOut(names) {
    for (const entry of this.#entries.values()) {
      if (names.includes(entry.activity.name)) this.#drop(entry);
    }
  }

  nudge() {
    this.#pause.wake();
  }

  stop() {
    this.#isStopped = true;
    this.#pause.wake();
  }

  async #pump() {
    if (this.#isBusy) return;
    this.#isBusy = true;
    let failures = 0;
    for (let entry; (entry = this.#next()) && !this.#isStopped; ) {
      try {
        await this.#send(entry, this.#files.get(entry.cid));
        failures = 0;
        this.#drop(entry);
        this.#told(entry, "sent");
      } catch (error) {
        if (error.isFinal) {
          entry.failure = { code: error.code, message: error.message };
          this.#keep(entry);
          this.#told(entry, "failed");
          continue;
        }
        failures += 1;
        if (failures > QUICK || !navigator.onLine) this.#told(entry, "waiting");
        await this.#pause.sleep(Math.max(backoffMs(failures), error.afterMs ?? 0));
      }
    }
    this.#isBusy = false;
  }

  #next() {
    return [...this.#entries.values()].find((entry) => entry.failure === undefined);
  }

  #keep(entry) {
    if (!this.#files.has(entry.cid)) this.#store.write(entry.key, entry);
  }

  #drop(entry) {
    this.#entries.delete(entry.cid);
    this.#files.delete(entry.cid);
    this.#store.remove(entry.key);
  }
}
