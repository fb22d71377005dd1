/** What of the wallboard is shown, and what is being done on it. */

import type { ItemView } from "../protocol/messages";
import { keep, kept } from "../shell/kept";
import { preferences } from "../shell/preferences.svelte";
import { nameIn } from "./rows";
import { Wall } from "./wall.svelte";

export type View = "desk" | "wall";
export type Tab = "now" | "aside" | "callbacks" | "onCall";
export const TABS: readonly Tab[] = ["now", "aside", "callbacks", "onCall"];

/** A dialog about an item; the names are those of `words.doing`. */
export type ItemDoing = "move" | "prioritise" | "assign" | "pull_back" | "release" | "reopen";
export type TownDoing = "hours" | "announce" | "surge";

const KEY = "townline.wall";

export class Board {
  readonly wall = new Wall();
  view = $state<View>(kept<string>(KEY, "") === "wall" ? "wall" : "desk");
  tab = $state<Tab>("now");
  queue = $state("");
  item = $state("");
  itemDoing = $state.raw<{ what: ItemDoing; item: ItemView } | null>(null);
  townDoing = $state<TownDoing | null>(null);
  /** Whose skills for today are being changed; "" = nobody's. */
  skillsOf = $state("");
  /** Goes up when something was done, so that what was fetched is fetched again. */
  done = $state(0);

  /** Where the keyboard was before a panel was opened. */
  #from: HTMLElement | null = null;

  showAs(view: View): void {
    this.view = view;
    this.tab = "now";
    keep(KEY, view); // in a browser that keeps nothing it holds until the page is closed
  }

  lookInto(queue: string): void {
    this.#remember();
    this.item = "";
    this.queue = queue;
    this.wall.look(queue);
  }

  show(item: string): void {
    this.#remember();
    this.item = item;
  }

  /** One step back: from the item to its queue, from there to everything. */
  back(): void {
    if (this.item !== "" && this.queue !== "") {
      this.item = "";
      return;
    }
    this.item = "";
    this.queue = "";
    this.wall.look("");
    this.#from?.focus();
    this.#from = null;
  }

  queueName(id: string): string {
    const row = this.wall.queues.find((queue) => queue.queue === id);
    return nameIn(row?.names, preferences.language, id);
  }

  agentName(id: string): string {
    return this.wall.agents.find((agent) => agent.agent === id)?.name ?? id;
  }

  subjectName(id: string): string {
    return nameIn(this.wall.town?.subjects[id], preferences.language, id);
  }

  reasonName(id: string): string {
    return nameIn(this.wall.town?.away_reasons[id], preferences.language, id);
  }

  /** The queues of some opening hours, by name. */
  hoursName(id: string): string {
    const queues = this.wall.town?.hours.find((one) => one.hours === id)?.queues ?? [];
    const names = queues.map((queue) => this.queueName(queue)).join(", ");
    return names === "" ? id : `${id} (${names})`;
  }

  close(): void {
    this.wall.close();
  }

  #remember(): void {
    if (this.queue !== "" || this.item !== "") return;
    this.#from = document.activeElement instanceof HTMLElement ? document.activeElement : null;
  }
}
