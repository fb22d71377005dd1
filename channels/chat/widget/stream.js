/**
 * What the town says, in order, for as long as the page lives: by WebSocket, by asking where that does
 * not pass. After every break it goes on behind the last watermark.
 */
import { Pause, backoffMs } from "./backoff.js";
import { Refusal } from "./directline.js";
import { Lost } from "./session.js";

const SILENT_MS = 90_000; // the server sends an empty frame more often than this
const OPENING_MS = 10_000;
const ASK_AGAIN_MS = 3000;
const SOCKET_AGAIN_MS = 60_000; // after the WebSocket failed twice
const SOCKET_FAILURES = 2;
const STEADY_MS = 10_000; // a stream that lasted this long begins with short pauses again

/**
 * @typedef {{
 *   opened: (id: string) => void,
 *   activities: (all: import("./directline.js").Activity[]) => void,
 *   line: (state: "connecting"|"open"|"offline") => void,
 *   lost: () => void,
 * }} Hearer
 */
export class Stream {
  #session;
  #hearer;
  #pause = new Pause();
  #watermark = "";
  #socket = null;
  #isRunning = true;
  #failures = 0; // of the WebSocket, in a row
  #failedAt = 0;

  /** @param {import("./session.js").Session} session @param {Hearer} hearer */
  constructor(session, hearer) {
    this.#session = session;
    this.#hearer = hearer;
  }

  /** Begin or take up the conversation, and stay in it. @param {string} locale */
  async run(locale) {
    this.#hearer.line("connecting");
    let isOpened = false;
    for (let attempt = 0; this.#isRunning; ) {
      const began = Date.now();
      let pause = 0;
      try {
        let url = "";
        if (!isOpened) url = await this.#session.open(locale);
        isOpened = true;
        this.#hearer.opened(this.#session.saved?.id ?? "");
        if (!url) await this.#ask();
        pause = (await this.#listen(url)) ? 0 : ASK_AGAIN_MS;
        attempt = pause || Date.now() - began > STEADY_MS ? 0 : attempt + 1;
      } catch (error) {
        if (error instanceof Lost) {
          if (this.#isRunning) this.#hearer.lost();
          return;
        }
        if (!(error instanceof Refusal)) reportError(error);
        attempt += 1;
        pause = error.afterMs ?? 0;
      }
      if (!this.#isRunning) return;
      if (attempt) this.#hearer.line("offline");
      await this.#pause.sleep(Math.max(pause, backoffMs(attempt || 1)));
    }
  }

  /** The network came back or somebody looks: try at once. */
  nudge() {
    this.#pause.wake();
  }

  /** The network is gone: what is open is a dead end. */
  drop() {
    this.#socket?.close();
  }

  stop() {
    this.#isRunning = false;
    this.drop();
    this.#pause.wake();
  }

  /** Everything that is there already; a page may be full, so until one is empty. */
  async #ask() {
    for (let some = [undefined]; some.length && this.#isRunning; ) {
      const before = this.#watermark;
      const page = await this.#session.ask((api, { id }) => api.activities(id, before));
      some = page.activities ?? [];
      this.#take(page);
      if (this.#watermark === before) return;
    }
  }

  /** @returns {Promise<boolean>} false: no WebSocket passes, so asking it is */
  async #listen(url) {
    const isTried = this.#failures >= SOCKET_FAILURES;
    if (!isTried || Date.now() - this.#failedAt > SOCKET_AGAIN_MS) {
      const mark = this.#watermark;
      const fresh = url || (await this.#session.ask((api, { id }) => api.resume(id, mark))).streamUrl;
      if (this.#isRunning && (await this.#follow(fresh))) return true;
      this.#failures += 1;
      this.#failedAt = Date.now();
    }
    if (this.#isRunning) this.#hearer.line("open");
    return false;
  }

  /** @returns {Promise<boolean>} when the WebSocket has closed: whether it was ever open */
  #follow(url) {
    return new Promise((done) => {
      let wasOpen = false;
      let timer = 0;
      const socket = new WebSocket(url.replace(/^http/, "ws"));
      const watch = (ms) => {
        clearTimeout(timer);
        timer = setTimeout(() => over(), ms);
      };
      const over = () => {
        clearTimeout(timer);
        socket.onclose = socket.onmessage = null;
        socket.close();
        this.#socket = null;
        done(wasOpen);
      };
      socket.onopen = () => {
        wasOpen = true;
        this.#failures = 0;
        this.#hearer.line("open");
        watch(SILENT_MS);
      };
      socket.onmessage = ({ data }) => {
        watch(SILENT_MS);
        if (data) this.#take(JSON.parse(data));
      };
      socket.onclose = over;
      this.#socket = { close: over };
      watch(OPENING_MS);
    });
  }

  #take({ activities = [], watermark }) {
    if (!this.#isRunning) return;
    this.#hearer.activities(activities);
    if (watermark != null) this.#watermark = String(watermark);
  }
}
