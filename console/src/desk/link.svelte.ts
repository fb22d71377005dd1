/**
 * The desk's WebSocket: hello, answers by id, signs of life, and connecting again.
 *
 * After a broken connection the next welcome is complete, so nothing is replayed here. What must
 * not be lost goes through the outbox.
 */

import type { ClientSays, Hello, ServerSays } from "../protocol/messages";
import { socketAddress } from "../shell/address";
import { Refusal } from "../shell/refusal";
import { preferences } from "../shell/preferences.svelte";
import { session } from "../shell/session.svelte";
import { freshKey } from "./outbox.svelte";
import { pauseBefore } from "./pause";

type WithoutId<M> = M extends { id?: string } ? Omit<M, "id"> : never;

/** What a desk may say; the id is added here. */
export type Saying = WithoutId<ClientSays>;

/** `waiting`: until the next try; `taken-over`, `signed-out`: until the person says so. */
export type Standing = "connecting" | "up" | "waiting" | "taken-over" | "signed-out";

interface Answer {
  done: () => void;
  refused: (why: Refusal) => void;
}

const SIGNED_OUT = 4000;
const TAKEN_OVER = 4001;
const NO_SESSION = 4003;
const SILENT_MS = 15_000; // the daemon pings every few seconds
const LOOK_MS = 2000;
const UNREACHABLE = "unreachable";

export class Link {
  standing = $state<Standing>("connecting");
  /** When the next try is made, on this machine's clock; 0 while none is due. */
  again = $state(0);
  readonly isUp = $derived(this.standing === "up");

  #hear: (said: ServerSays) => void;
  #socket: WebSocket | null = null;
  #answers = new Map<string, Answer>();
  #asked = 0;
  #client = freshKey(); // a connection that was given up must not take over from a later one
  #attempt = 0;
  #tries = 0;
  #heard = 0;
  #said = 0;
  #beatMs = 5000;
  #looking = 0;
  #retrying = 0;
  #isClosed = false;

  constructor(hear: (said: ServerSays) => void) {
    this.#hear = hear;
    window.addEventListener("online", this.#hurry);
    document.addEventListener("visibilitychange", this.#look);
    this.#looking = window.setInterval(this.#look, LOOK_MS);
  }

  open = (): void => {
    this.#drop();
    this.#isClosed = false;
    this.standing = "connecting";
    this.again = 0;
    this.#heard = Date.now();
    const socket = new WebSocket(socketAddress());
    this.#socket = socket;
    const hello: Hello = {
      type: "hello",
      language: preferences.language,
      client: this.#client,
      attempt: ++this.#attempt,
    };
    socket.onopen = () => this.#send(hello, "hello");
    socket.onmessage = (event) => this.#take(socket, JSON.parse(String(event.data)) as ServerSays);
    socket.onclose = (event) => this.#closed(socket, event.code);
  };

  close(): void {
    this.#isClosed = true;
    window.removeEventListener("online", this.#hurry);
    document.removeEventListener("visibilitychange", this.#look);
    window.clearInterval(this.#looking);
    window.clearTimeout(this.#retrying);
    this.#drop();
  }

  /** Say it and wait until it is stored. Throws `Refusal`; "unreachable": perhaps it was done. */
  ask(saying: Saying): Promise<void> {
    if (!this.isUp) return Promise.reject(new Refusal(UNREACHABLE, ""));
    const id = `d${++this.#asked}`;
    return new Promise((done, refused) => {
      this.#answers.set(id, { done, refused });
      this.#send(saying, id);
    });
  }

  /** Say it, if anybody listens; nobody waits for the answer. */
  tell(saying: Saying): void {
    if (this.isUp) this.#send(saying, "");
  }

  #send(saying: Saying, id: string): void {
    this.#said = Date.now();
    this.#socket?.send(JSON.stringify({ ...saying, id }));
  }

  #take(socket: WebSocket, said: ServerSays): void {
    if (socket !== this.#socket) return;
    this.#heard = Date.now();
    switch (said.type) {
      case "welcome":
        this.#tries = 0;
        this.#beatMs = said.beat_every_s * 1000;
        this.#hear(said);
        this.standing = "up";
        return;
      case "ok":
        this.#answers.get(said.id)?.done();
        this.#answers.delete(said.id);
        return;
      case "refused":
        this.#answers.get(said.id)?.refused(new Refusal(said.code, said.message));
        this.#answers.delete(said.id);
        return;
      default:
        this.#hear(said);
        // timers of a hidden tab sleep, messages do not: the daemon's sign of life calls for ours
        if (said.type === "ping") this.#beat();
    }
  }

  #beat(): void {
    if (this.isUp && Date.now() - this.#said > this.#beatMs / 2) this.#send({ type: "beat" }, "");
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.#forget();
    if (this.#isClosed) return;
    if (code === SIGNED_OUT || code === TAKEN_OVER) {
      this.standing = code === SIGNED_OUT ? "signed-out" : "taken-over";
      return;
    }
    if (code === NO_SESSION) void session.look();
    const pause = pauseBefore(this.#tries++);
    this.standing = "waiting";
    this.again = Date.now() + pause;
    window.clearTimeout(this.#retrying);
    this.#retrying = window.setTimeout(this.#retry, pause);
  }

  #retry = (): void => {
    if (this.standing === "waiting" && session.standing === "in") this.open();
  };

  #hurry = (): void => {
    this.#tries = 0;
    this.#retry();
  };

  /** After a sleep, or when nobody has been heard for long: the old connection is dead. */
  #look = (): void => {
    if (this.standing === "waiting" && Date.now() >= this.again) this.#retry();
    const isLive = this.standing === "up" || this.standing === "connecting";
    if (isLive && this.#socket !== null && Date.now() - this.#heard > SILENT_MS) {
      const socket = this.#socket;
      socket.close();
      this.#closed(socket, 1006);
    } else this.#beat();
  };

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
    this.#forget();
  }

  #forget(): void {
    for (const answer of this.#answers.values()) answer.refused(new Refusal(UNREACHABLE, ""));
    this.#answers.clear();
  }
}
