/** The choice that the address holds: reload, back and forward bring it back. */

import { pageAddress, pageName } from "../shell/address";
import { type Choice, choiceOf, DEFAULT, searchOf } from "./choice";

const PAGE = "reports";

export class Chosen {
  /** null: the address names what there is not. */
  choice = $state.raw<Choice | null>(choiceOf(window.location.search));

  #look = (): void => {
    if (pageName() === PAGE) this.choice = choiceOf(window.location.search);
  };

  constructor() {
    window.addEventListener("popstate", this.#look);
  }

  choose(change: Partial<Choice>): void {
    this.choice = { ...(this.choice ?? DEFAULT), ...change };
    const search = searchOf(this.choice);
    if (search !== window.location.search) history.pushState(null, "", pageAddress(PAGE) + search);
  }

  close(): void {
    window.removeEventListener("popstate", this.#look);
  }
}
