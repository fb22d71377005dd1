/** Where things lie. Pages are one level below `desk/`; whatever prefix a proxy adds stays. */

const FOLDER = new URL(".", window.location.href);

/** The town's root, as in `/` or `/town/`. */
export const ROOT = new URL("../", FOLDER).pathname;

/** The name of the page that the address asks for; "" is the desk. */
export function pageName(): string {
  return window.location.pathname.slice(FOLDER.pathname.length);
}

/** The address of a page. */
export function pageAddress(name: string): string {
  return `${FOLDER.pathname}${name}`;
}

/** The address of something below `/api/v1`, as in `api("items", item, "read")`. */
export function api(...parts: (string | number)[]): string {
  return `${ROOT}api/v1/${parts.map((part) => encodeURIComponent(part)).join("/")}`;
}

/** The address of the desk's WebSocket. */
export function socketAddress(): string {
  return socket("desk");
}

/** The address of the wallboard's WebSocket. */
export function liveAddress(): string {
  return socket("desk/live");
}

function socket(path: string): string {
  const url = new URL(`${ROOT}${path}`, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
