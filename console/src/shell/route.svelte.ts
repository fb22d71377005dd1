/** Which page is shown: the address says it, links and the back button change it. */

import { pageAddress, pageName } from "./address";

class Route {
  page = $state(pageName());

  constructor() {
    window.addEventListener("popstate", () => {
      this.page = pageName();
    });
  }

  go(name: string): void {
    if (name === this.page) return;
    history.pushState(null, "", pageAddress(name));
    this.page = name;
  }

  /** For a link's click: stay in the page unless a new tab or window is wanted. */
  follow(event: MouseEvent, name: string): void {
    if (event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    this.go(name);
  }
}

export const route = new Route();
