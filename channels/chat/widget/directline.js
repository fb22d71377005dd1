/** Direct Line 3.0 over HTTP: one method for each request; what is refused is told by `Refusal`. */

const TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 180_000;
const LATER = [0, 401, 403, 404, 408, 425, 429]; // may go well another time

/** A request that did not succeed; status 0 when nothing was answered. */
export class Refusal extends Error {
  /** @param {number} status @param {string} [code] @param {string} [message] @param {number} [afterMs] */
  constructor(status, code = "", message = "", afterMs = 0) {
    super(message);
    this.status = status;
    this.code = code;
    this.afterMs = afterMs;
  }

  /** The same request would be refused again. */
  get isFinal() {
    return this.status < 500 && !LATER.includes(this.status);
  }
}

/**
 * @typedef {{conversationId: string, token: string, expires_in: number, streamUrl?: string}} Opened
 * @typedef {Record<string, any>} Activity
 */
export class DirectLine {
  token = "";

  /** @param {string} server address that `v3/directline/` is below, ends in a slash */
  constructor(server) {
    this.base = new URL("v3/directline/", server).href;
  }

  /** @returns {Promise<Opened>} a token for somebody new */
  generate(user, locale) {
    return this.#call("POST", "tokens/generate", { json: { user: { id: user }, locale } });
  }

  /** @returns {Promise<Opened>} a younger token for the same conversation */
  refresh() {
    return this.#call("POST", "tokens/refresh", {});
  }

  /** @returns {Promise<Opened>} the conversation, begun */
  begin() {
    return this.#call("POST", "conversations", {});
  }

  /** @returns {Promise<Opened>} a new stream that goes on after the watermark */
  resume(id, watermark) {
    return this.#call("GET", `conversations/${encodeURIComponent(id)}${after(watermark)}`, {});
  }

  /** @returns {Promise<{activities: Activity[], watermark?: string}>} what came after the watermark */
  activities(id, watermark) {
    const path = `conversations/${encodeURIComponent(id)}/activities${after(watermark)}`;
    return this.#call("GET", path, {});
  }

  /** @returns {Promise<{id: string}>} once it is stored */
  post(id, activity) {
    const path = `conversations/${encodeURIComponent(id)}/activities`;
    return this.#call("POST", path, { json: activity });
  }

  /** @param {File} file @returns {Promise<{id: string}>} once it is stored */
  upload(id, activity, file) {
    const form = new FormData();
    const type = "application/vnd.microsoft.activity";
    form.append("activity", new Blob([JSON.stringify(activity)], { type }), "activity");
    form.append("file", file, file.name);
    const user = encodeURIComponent(activity.from.id);
    const path = `conversations/${encodeURIComponent(id)}/upload?userId=${user}`;
    return this.#call("POST", path, { form });
  }

  /** @returns {Promise<any>} */
  async #call(method, path, { json, form }) {
    const headers = {};
    if (this.token) headers.authorization = `Bearer ${this.token}`;
    if (json) headers["content-type"] = "application/json";
    let answer;
    let body = {};
    try {
      answer = await fetch(this.base + path, {
        method,
        headers,
        body: form ?? (json && JSON.stringify(json)),
        cache: "no-store",
        credentials: "omit",
        signal: AbortSignal.timeout(form ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS),
      });
      const text = await answer.text();
      body = text.startsWith("{") ? JSON.parse(text) : {};
    } catch {
      throw new Refusal(0);
    }
    if (answer.ok) return body;
    const { code, message } = body.error ?? {};
    const after_s = Number(answer.headers.get("retry-after")) || 0;
    throw new Refusal(answer.status, code, message, after_s * 1000);
  }
}

function after(watermark) {
  return watermark ? `?watermark=${encodeURIComponent(watermark)}` : "";
}
