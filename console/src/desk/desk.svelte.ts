/** What the agent's desk shows: told by the daemon, chosen by nobody here but for what is looked at. */

import type {
  AgentView,
  ItemView,
  OfferEndedMessage,
  OfferView,
  PolicyTexts,
  ServerSays,
} from "../protocol/messages";
import { zone } from "../shell/zone.svelte";
import { clock } from "./clock.svelte";

const TYPES_MS = 6000; // so long a resident's typing is believed
const LEFT_MOST = 5;
const CHOSEN = "townline.chosen";

/** An item that has left the agent's hands a short while ago. */
interface Left {
  item: string;
  state: string;
  form: ItemView["form"];
}

export class DeskState {
  agent = $state.raw<AgentView | null>(null);
  offer = $state.raw<OfferView | null>(null);
  /** How the last offer ended, when not by this agent's own answer. */
  ended = $state.raw<OfferEndedMessage | null>(null);
  /** In hand, oldest first. */
  items = $state.raw<ItemView[]>([]);
  left = $state.raw<Left[]>([]);
  policy = $state.raw<PolicyTexts | null>(null);
  chosen = $state(sessionStorage.getItem(CHOSEN) ?? "");
  #typing = $state<Record<string, number>>({});

  readonly item = $derived(this.items.find((one) => one.item === this.chosen) ?? null);

  choose(item: string): void {
    this.chosen = item;
    sessionStorage.setItem(CHOSEN, item);
  }

  holds(item: string): boolean {
    return this.items.some((one) => one.item === item);
  }

  isTyping(item: string): boolean {
    return (this.#typing[item] ?? 0) > clock.now;
  }

  /** Take in what the daemon said. */
  hear(said: ServerSays): void {
    if ("at" in said) clock.heard(said.at);
    switch (said.type) {
      case "welcome":
        this.agent = said.agent;
        this.offer = said.offer;
        this.ended = null;
        this.items = said.items;
        this.#know(said.policy);
        this.#chooseSomething();
        return;
      case "agent":
        this.agent = said.agent;
        return;
      case "offer":
        this.offer = said.offer;
        this.ended = null;
        return;
      case "offer_ended":
        if (this.offer?.offer === said.offer) this.offer = null;
        this.ended = said.ending === "accepted" || said.ending === "declined" ? null : said;
        return;
      case "item":
        this.#take(said.item, said.yours);
        return;
      case "typing":
        this.#typing[said.item] = clock.now + TYPES_MS;
        return;
      case "notice":
        if (said.policy) this.#know(said.policy);
    }
  }

  #know(policy: PolicyTexts): void {
    this.policy = policy;
    zone.name = policy.time_zone;
  }

  #take(item: ItemView, isYours: boolean): void {
    const others = this.items.filter((one) => one.item !== item.item);
    if (!isYours) {
      this.items = others;
      const { item: id, state, form } = item;
      const before = this.left.filter((one) => one.item !== id);
      this.left = [{ item: id, state, form }, ...before].slice(0, LEFT_MOST);
      this.#chooseSomething();
      return;
    }
    const isNew = others.length === this.items.length;
    const known = this.items.map((one) => (one.item === item.item ? item : one));
    this.items = isNew ? [...known, item] : known;
    delete this.#typing[item.item];
    // a call is talked about at once; nothing written takes the eye off what is being read
    if (isNew && (item.tempo === "live" || this.item === null)) this.choose(item.item);
  }

  #chooseSomething(): void {
    if (!this.holds(this.chosen)) this.choose(this.items.at(-1)?.item ?? "");
  }
}
