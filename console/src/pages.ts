/** Every page: its name in the address, who may open it, and how it is fetched when it is. */

import type { Component } from "svelte";

export interface Page {
  /** Below /desk/; the same names stand in router/desk/pages.py. */
  name: string;
  /** Its entry in shell/words.ts. */
  title: "desk" | "wall" | "reports" | "people";
  /** Roles; none: everybody. */
  roles: readonly string[];
  load: () => Promise<{ default: Component }>;
  /** Goes on working unseen while another page is looked at. */
  isLasting?: true;
}

export const PAGES: readonly Page[] = [
  {
    name: "",
    title: "desk",
    roles: [],
    load: () => import("./desk/Desk.svelte"),
    isLasting: true,
  },
  {
    name: "wall",
    title: "wall",
    roles: ["supervisor", "administrator"],
    load: () => import("./wall/Wall.svelte"),
  },
  {
    name: "reports",
    title: "reports",
    roles: ["supervisor", "administrator"],
    load: () => import("./reports/Reports.svelte"),
  },
  {
    name: "people",
    title: "people",
    roles: ["administrator"],
    load: () => import("./people/People.svelte"),
  },
];
