/**
 * What is remembered in this browser, and who of several tabs it belongs to.
 *
 * Each thing has a key of its own and each unsent message too: two tabs never rewrite one value
 * that the other is changing. Where the browser forbids storing, memory serves until the page is left.
 */

/** @returns {string} 96 bits by chance, as text */
export function chanceId() {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** JSON values under keys that begin with the server's address. */
export class Store {
  #prefix;
  #memory = new Map(); // what could not be stored

  /** @param {string} server */
  constructor(server) {
    this.#prefix = `townline-chat ${server} `;
  }

  /** @param {string} key @returns {any} null: nothing readable there */
  read(key) {
    if (this.#memory.has(key)) return this.#memory.get(key);
    try {
      return JSON.parse(localStorage.getItem(this.#prefix + key) ?? "null");
    } catch {
      return null;
    }
  }

  /** @param {string} key @param {any} value */
  write(key, value) {
    try {
      localStorage.setItem(this.#prefix + key, JSON.stringify(value));
      this.#memory.delete(key);
    } catch {
      this.#memory.set(key, value);
    }
  }

  /** @param {string} key */
  remove(key) {
    this.#memory.delete(key);
    try {
      localStorage.removeItem(this.#prefix + key);
    } catch {
      // nothing could be stored, so nothing is there
    }
  }

  /** @param {string} start @returns {string[]} sorted keys that begin so */
  keys(start) {
    let stored = [];
    try {
      stored = Object.keys(localStorage)
        .filter((key) => key.startsWith(this.#prefix + start))
        .map((key) => key.slice(this.#prefix.length));
    } catch {
      // as above
    }
    const held = [...this.#memory.keys()].filter((key) => key.startsWith(start));
    return [...new Set([...stored, ...held])].sort();
  }

  /**
   * Hear of changes by other tabs.
   * @param {(key: string) => void} heard
   * @returns {() => void} ends it
   */
  watch(heard) {
    const listener = (event) => {
      if (event.key?.startsWith(this.#prefix)) heard(event.key.slice(this.#prefix.length));
    };
    addEventListener("storage", listener);
    return () => removeEventListener("storage", listener);
  }
}

/** This tab among the others. Without the Web Locks interface it believes to be alone. */
export class Tab {
  id = chanceId();
  #scope;
  #isHeld = false;

  /** @param {string} server */
  constructor(server) {
    this.#scope = `townline-chat ${server}`;
  }

  /** Show the other tabs that this one lives, until it is closed. */
  claim() {
    if (this.#isHeld || !navigator.locks) return;
    this.#isHeld = true;
    navigator.locks.request(`${this.#scope} tab ${this.id}`, () => new Promise(() => {}));
  }

  /** @param {string} id @returns {Promise<boolean>} whether that tab still lives */
  async isAlive(id) {
    if (id === this.id) return true;
    const name = `${this.#scope} tab ${id}`;
    const { held = [] } = (await navigator.locks?.query()) ?? {};
    return held.some((lock) => lock.name === name);
  }

  /** Run this while no other tab runs what has the same name. @template T @param {() => Promise<T>} work */
  exclusive(name, work) {
    return navigator.locks ? navigator.locks.request(`${this.#scope} ${name}`, work) : work();
  }
}
