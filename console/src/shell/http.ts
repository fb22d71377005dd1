/** Requests to `/api/v1`. The session is a cookie that scripts cannot read; see router/desk/browsers.py. */

import type { ErrorView } from "../protocol/messages";
import { ROOT } from "./address";
import { Refusal } from "./refusal";

type Method = "GET" | "POST" | "PUT" | "DELETE";
type Listener = () => void;

let tellSignedOut: Listener = () => undefined;

/** Have it told when the session turns out to be over. */
export function onSignedOut(listener: Listener): void {
  tellSignedOut = listener;
}

/** Ask; return what is answered. Throws `Refusal`, "unreachable" when it was aborted. */
export async function ask<T>(
  method: Method,
  address: string,
  body?: object,
  signal?: AbortSignal,
): Promise<T> {
  const json = body === undefined ? undefined : JSON.stringify(body);
  return send<T>(method, address, json, "application/json", signal);
}

/** Upload a file's bytes. Throws `Refusal`. */
export async function upload<T>(address: string, bytes: Blob): Promise<T> {
  return send<T>("POST", address, bytes, "application/octet-stream");
}

async function send<T>(
  method: Method,
  address: string,
  body: BodyInit | undefined,
  kind: string,
  signal: AbortSignal | null = null,
): Promise<T> {
  const headers: Record<string, string> = { "X-Townline": ROOT };
  if (body !== undefined) headers["Content-Type"] = kind;
  let response: Response;
  try {
    const asked = { method, headers, body: body ?? null, signal };
    response = await fetch(address, { ...asked, cache: "no-store" });
  } catch (error) {
    throw new Refusal("unreachable", String(error));
  }
  if (response.ok) return (response.status === 204 ? undefined : await response.json()) as T;
  throw await refusalOf(response);
}

async function refusalOf(response: Response): Promise<Refusal> {
  const said = (await response.json().catch(() => null)) as ErrorView | null;
  const refusal = new Refusal(
    said?.code ?? "unreachable",
    said?.message ?? response.statusText,
    Number(response.headers.get("Retry-After") ?? 0),
  );
  if (refusal.code === "not-signed-in") tellSignedOut();
  return refusal;
}
