/** The daemon's time. The machine's own clock may be wrong, or the town may practise another day. */

const TICK_MS = 1000;

class Clock {
  /** Milliseconds; moves once a second. */
  now = $state(Date.now());
  #ahead = 0;

  constructor() {
    window.setInterval(() => this.#tick(), TICK_MS);
    document.addEventListener("visibilitychange", () => this.#tick());
  }

  /** The daemon has said what time it is. */
  heard(at: string): void {
    this.#ahead = Date.parse(at) - Date.now();
    this.#tick();
  }

  /** The daemon's time at this instant, for what is sent. */
  get exact(): number {
    return Date.now() + this.#ahead;
  }

  #tick(): void {
    this.now = Date.now() + this.#ahead;
  }
}

export const clock = new Clock();
