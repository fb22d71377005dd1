/**
 * Which conversation this browser is in, and the token for it: opened once for all tabs, refreshed
 * before it expires, kept until it is forgotten.
 */
import { Refusal } from "./directline.js";
import { chanceId } from "./store.js";

const KEY = "session";
const SETTLE_MS = 100; // for storage to reach other tabs' processes
const AGAIN_MS = 60_000; // between two attempts to refresh
const LONGEST_MS = 2 ** 31 - 1; // what a timer can hold
const NOT_WELCOME = [401, 403, 404];

/** The server knows the conversation no more, or does not trust the token any more. */
export class Lost extends Error {}

/**
 * @typedef {{id: string, token: string, user: string, refreshAt: number, isEnded?: boolean}} Saved
 */
export class Session {
  #api;
  #store;
  #tab;
  #timer = 0;

  /** @param {import("./directline.js").DirectLine} api @param {import("./store.js").Store} store */
  constructor(api, store, tab) {
    this.#api = api;
    this.#store = store;
    this.#tab = tab;
  }

  /** @returns {Saved|null} */
  get saved() {
    return this.#store.read(KEY);
  }

  /**
   * Take up the conversation of this browser, or begin one; in one tab at a time.
   * @param {string} locale
   * @returns {Promise<string>} address of the stream when it is new, else ""
   */
  open(locale) {
    return this.#tab.exclusive(KEY, async () => {
      // What another tab has just written may be on its way to this one, lock or no lock.
      if (!this.saved) await new Promise((done) => setTimeout(done, SETTLE_MS));
      if (this.saved) return "";
      this.#api.token = "";
      const user = `dl_${chanceId()}`;
      this.#api.token = (await this.#api.generate(user, locale)).token;
      const begun = await this.#api.begin();
      this.#keep({ id: begun.conversationId, user }, begun);
      return begun.streamUrl ?? "";
    });
  }

  /**
   * Run a request inside the conversation; with a refreshed token and once more where need be.
   * @template T
   * @param {(api: import("./directline.js").DirectLine, saved: Saved) => Promise<T>} request
   * @returns {Promise<T>}
   */
  async ask(request) {
    const saved = this.#present();
    if (Date.now() > saved.refreshAt) {
      await this.#refresh(saved.token).catch((error) => {
        if (error instanceof Lost) throw error; // else the old one may still do
      });
    }
    this.#arm();
    const used = this.#present().token;
    try {
      return await this.#run(request);
    } catch (error) {
      if (!(error instanceof Refusal) || !NOT_WELCOME.includes(error.status)) throw error;
      if (error.status === 404) throw new Lost();
      await this.#refresh(used);
      return await this.#run(request).catch((again) => {
        // Who is welcome as such but may not do this, is refused for good.
        if (again.status === 403) throw new Refusal(400, again.code, again.message);
        throw NOT_WELCOME.includes(again.status) ? new Lost() : again;
      });
    }
  }

  /** @param {boolean} isEnded remembered, so that the next page does not take up what is over */
  end(isEnded) {
    const saved = this.saved;
    if (saved && Boolean(saved.isEnded) !== isEnded) this.#store.write(KEY, { ...saved, isEnded });
  }

  /** Nothing of the conversation stays in this browser. */
  forget() {
    this.stop();
    this.#store.remove(KEY);
  }

  /** Refresh no more. */
  stop() {
    clearTimeout(this.#timer);
  }

  #run(request) {
    const saved = this.#present();
    this.#api.token = saved.token;
    return request(this.#api, saved);
  }

  #present() {
    const saved = this.saved;
    if (!saved) throw new Lost();
    return saved;
  }

  async #refresh(old) {
    await this.#tab.exclusive(KEY, async () => {
      const saved = this.#present();
      if (saved.token !== old) return; // another tab did it
      this.#api.token = old;
      try {
        this.#keep(saved, await this.#api.refresh());
      } catch (error) {
        throw NOT_WELCOME.includes(error.status) ? new Lost() : error;
      }
    });
  }

  #keep(saved, { token, expires_in }) {
    const refreshAt = Date.now() + (expires_in * 1000) / 2;
    this.#store.write(KEY, { ...saved, token: token ?? this.#api.token, refreshAt });
    this.#arm();
  }

  /** A conversation in which nobody writes needs its token too: for the next stream. */
  #arm(leastMs = 1000) {
    clearTimeout(this.#timer);
    const saved = this.saved;
    if (!saved) return;
    const ms = Math.min(Math.max(saved.refreshAt - Date.now(), leastMs), LONGEST_MS);
    const again = () => this.#arm(AGAIN_MS);
    this.#timer = setTimeout(() => this.#refresh(saved.token).then(again, again), ms);
  }
}
