/** The wallboard's WebSocket: the whole once, then what has changed, once a second. */

import { clock } from "../desk/clock.svelte";
import { pauseBefore } from "../desk/pause";
import type {
  WallAgentView,
  WallItemView,
  WallQueueView,
  WallSays,
  WallTownView,
  Watch,
} from "../protocol/messages";
import { liveAddress } from "../shell/address";
import { session } from "../shell/session.svelte";
import { zone } from "../shell/zone.svelte";
import { inLine, merged } from "./rows";

export type Standing = "connecting" | "up" | "waiting";

const NO_SESSION = 4003;
const SILENT_MS = 20_000; // the daemon says something every few seconds
const LOOK_MS = 2000;

export class Wall {
  standing = $state<Standing>("connecting");
  town = $state.raw<WallTownView | null>(null);
  queues = $state.raw<readonly WallQueueView[]>([]);
  agents = $state.raw<readonly WallAgentView[]>([]);
  /** Who waits in the queue that is looked into; null: not told yet. */
  line = $state.raw<readonly WallItemView[] | null>(null);

  #queue = "";
  #socket: WebSocket | null = null;
  #tries = 0;
  #heard = 0;
  #retry = 0;
  readonly #looking: number;

  constructor() {
    this.#looking = window.setInterval(this.#look, LOOK_MS);
    window.addEventListener("online", this.#open);
    this.#open();
  }

  /** Look into a queue; "" = none. */
  look(queue: string): void {
    if (queue === this.#queue) return;
    this.#queue = queue;
    this.line = null;
    if (this.standing === "up") this.#say();
  }

  close(): void {
    window.clearInterval(this.#looking);
    window.clearTimeout(this.#retry);
    window.removeEventListener("online", this.#open);
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #open = (): void => {
    if (this.#socket !== null || session.standing !== "in") return;
    this.standing = "connecting";
    this.#heard = Date.now();
    const socket = new WebSocket(liveAddress());
    this.#socket = socket;
    socket.onopen = () => this.#say();
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#take(JSON.parse(String(event.data)) as WallSays);
    };
    socket.onclose = (event) => this.#closed(socket, event.code);
  };

  #say(): void {
    const watch: Watch = { type: "watch", queue: this.#queue };
    this.#socket?.send(JSON.stringify(watch));
  }

  #take(said: WallSays): void {
    this.#heard = Date.now();
    switch (said.type) {
      case "wall":
        this.#tries = 0;
        this.standing = "up";
        this.town = said.town;
        zone.name = said.town.time_zone;
        this.queues = said.queues;
        this.agents = said.agents;
        clock.heard(said.at);
        return;
      case "wall_change":
        this.town = said.town ?? this.town;
        this.queues = merged(this.queues, said.queues, (row) => row.queue);
        this.agents = merged(this.agents, said.agents, (row) => row.agent, said.gone_agents);
        clock.heard(said.at);
        return;
      case "line":
        if (said.queue === this.#queue) this.line = inLine(said.items);
        return;
      case "line_change":
        if (said.queue !== this.#queue || this.line === null) return;
        this.line = inLine(merged(this.line, said.items, (row) => row.item, said.gone_items));
        return;
      case "ping":
        clock.heard(said.at);
    }
  }

  #closed(socket: WebSocket, code: number): void {
    if (socket !== this.#socket) return;
    this.#socket = null;
    this.standing = "waiting";
    if (code === NO_SESSION) void session.look();
    window.clearTimeout(this.#retry);
    this.#retry = window.setTimeout(this.#open, pauseBefore(this.#tries++));
  }

  /** After a sleep, or when nothing was heard for long: the old connection is dead. */
  #look = (): void => {
    const socket = this.#socket;
    if (socket === null || Date.now() - this.#heard < SILENT_MS) return;
    socket.close();
    this.#closed(socket, 1006);
  };
}
