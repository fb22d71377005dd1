/**
 * Shortcuts. All with Alt, so that nothing happens to somebody who is only writing; by the place of
 * the key, since with Alt some keyboards write other letters.
 */

const KEYS = {
  accept: "KeyA",
  decline: "KeyN",
  hold: "KeyH",
  interpret: "KeyI",
  finish: "KeyF",
  write: "KeyW",
  next: "KeyJ",
} as const;

export type Shortcut = keyof typeof KEYS;

/** What stands on a button and in `aria-keyshortcuts`. */
export function told(shortcut: Shortcut): string {
  return `Alt+${KEYS[shortcut].slice(3)}`;
}

export function shortcutOf(event: KeyboardEvent): Shortcut | null {
  if (!event.altKey || event.ctrlKey || event.metaKey || event.shiftKey) return null;
  const found = Object.entries(KEYS).find(([, code]) => code === event.code);
  return found === undefined ? null : (found[0] as Shortcut);
}
