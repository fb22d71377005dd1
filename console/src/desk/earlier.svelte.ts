/** What a resident came for before: fetched when an item of theirs is looked at, page by page. */

import type { EarlierItemView, EarlierPageView, EarlierView } from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import { reasonOf } from "../shell/refusals";

export class Earlier {
  rows = $state.raw<readonly EarlierView[]>([]);
  /** Whether there are more than these; null: nothing was told yet. */
  more = $state<boolean | null>(null);
  isBlocked = $state(false);
  mistake = $state("");
  readonly #item: string;
  readonly #most: number;

  constructor(item: string, most: number) {
    this.#item = item;
    this.#most = most;
  }

  /** Fetch the next ones. */
  async load(): Promise<void> {
    const after = this.rows.at(-1)?.item ?? "";
    const query = new URLSearchParams({ after, limit: String(this.#most) });
    try {
      const page = await ask<EarlierPageView>(
        "GET",
        `${api("items", this.#item, "earlier")}?${query.toString()}`,
      );
      this.rows = [...this.rows, ...page.items];
      [this.more, this.isBlocked, this.mistake] = [page.more, page.blocked, ""];
    } catch (error) {
      this.mistake = reasonOf(error);
    }
  }

  /** One of them with its words; the look is noted in the trail. Throws `Refusal`. */
  read(other: string): Promise<EarlierItemView> {
    return ask<EarlierItemView>("GET", api("items", this.#item, "earlier", other));
  }
}
