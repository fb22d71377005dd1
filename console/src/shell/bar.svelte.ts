/** What a page adds to the bar at the top and to the tab's title while it is shown. */

import type { Snippet } from "svelte";

class Bar {
  /** The town's name, once a page knows it. */
  town = $state("");
  /** In front of the tab's title, as in "● 12 s · ". */
  alert = $state("");
  content = $state.raw<Snippet | null>(null);
}

export const bar = new Bar();
