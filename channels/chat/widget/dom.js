/** Builds elements. What people wrote only ever becomes text nodes: nothing here parses HTML. */

/**
 * Make an element. Properties that begin with `on` are listeners, `true` is an empty attribute,
 * `false`, null and undefined are left out; the same holds for children.
 * @param {string} tag
 * @param {Record<string, any>} [props]
 * @param {...(Node|string|number|false|null|undefined)} children
 * @returns {any}
 */
export function el(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === false || value == null) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...filled(children));
  return node;
}

/** @param {Element} node @param {...any} children what it holds from now on */
export function fill(node, ...children) {
  node.replaceChildren(...filled(children));
}

/** A button that submits nothing. @returns {HTMLButtonElement} */
export function button(text, onclick, props = {}) {
  return el("button", { type: "button", onclick, ...props }, text);
}

// Directions of writing must not be turned inside an address, so that it reads as what it is.
const LINK = /\bhttps?:\/\/[^\s<>"\u200e\u200f\u202a-\u202e\u2066-\u2069]+/gi;
const TRAILING = /[.,;:!?'’»”)\]}]+$/;

/**
 * Split a text into strings and links; only http and https become links.
 * @param {string} text
 * @returns {(string|HTMLAnchorElement)[]}
 */
export function linked(text) {
  const parts = [];
  let from = 0;
  for (const match of text.matchAll(LINK)) {
    const address = withoutTail(match[0]);
    const link = anchor(address, address);
    if (!link) continue;
    parts.push(text.slice(from, match.index), link);
    from = match.index + address.length;
  }
  parts.push(text.slice(from));
  return parts.filter((part) => part !== "");
}

/**
 * A link in a new tab that learns nothing of this page; null for anything but http and https.
 * @param {string} address @param {string} text @param {string} [base]
 * @returns {HTMLAnchorElement|null}
 */
export function anchor(address, text, base) {
  let url;
  try {
    url = new URL(address, base);
  } catch {
    return null;
  }
  if (!/^https?:$/.test(url.protocol)) return null;
  return el("a", { href: url.href, target: "_blank", rel: "noopener noreferrer nofollow" }, text);
}

/** Characters that end the sentence are not part of the address, a pair of brackets is. */
function withoutTail(address) {
  const tail = address.match(TRAILING)?.[0] ?? "";
  const keep = tail.startsWith(")") && address.includes("(") ? 1 : 0;
  return address.slice(0, address.length - tail.length + keep);
}

function filled(children) {
  return children.flat().filter((child) => child !== false && child != null);
}
