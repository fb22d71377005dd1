/** What is written at a desk, as it is kept until it has arrived. */

import type { FlagBody } from "../protocol/messages";
import type { Saying } from "./link.svelte";

type Of<K extends Saying["type"]> = Extract<Saying, { type: K }>;

export type Reply = Of<"reply">;
export type Note = Of<"note">;
export type Forward = Of<"forward">;
export type Close = Of<"close">;

/** Not of the WebSocket: told over HTTP. */
export interface Flag extends FlagBody {
  type: "flag";
  item: string;
}
