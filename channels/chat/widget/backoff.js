/** Growing pauses that somebody can end early. */

const FIRST_MS = 500;
const MOST_MS = 30_000;

/**
 * How long to wait before the next attempt: doubled each time, half of it by chance, so that all
 * residents do not come back in the same instant after an outage.
 * @param {number} attempt 1 for the first failure
 * @returns {number} milliseconds
 */
export function backoffMs(attempt) {
  const whole = Math.min(MOST_MS, FIRST_MS * 2 ** (attempt - 1));
  return whole * (0.5 + Math.random() / 2);
}

/** One sleeper that can be woken. */
export class Pause {
  #wake = () => {};

  /** @param {number} ms */
  async sleep(ms) {
    await new Promise((done) => {
      const timer = setTimeout(done, ms);
      this.#wake = () => {
        clearTimeout(timer);
        done(undefined);
      };
    });
    this.#wake = () => {};
  }

  /** End the present pause, if there is one. */
  wake() {
    this.#wake();
  }
}
