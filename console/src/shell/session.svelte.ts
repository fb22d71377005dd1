/** Who is signed in to this browser. */

import type { AccountView, ElsewhereView, ProviderView, SessionView } from "../protocol/messages";
import { api } from "./address";
import { ask, onSignedOut } from "./http";
import { Refusal } from "./refusal";
import { route } from "./route.svelte";

export type Standing = "asking" | "out" | "must-change" | "in" | "unreachable";

const AGAIN_MS = 3000;

class Session {
  account = $state<AccountView | null>(null);
  standing = $state<Standing>("asking");
  /** Whether it ended while somebody worked here. */
  hasEnded = $state(false);

  /** What a page wants done before somebody signs out by themselves. */
  leaving: (() => Promise<unknown>) | null = null;

  constructor() {
    onSignedOut(() => this.over());
  }

  /** Find out whether the browser has a session. */
  async look(): Promise<void> {
    try {
      this.#take(await ask<AccountView>("GET", api("sessions")));
    } catch (error) {
      if (error instanceof Refusal && error.code === "not-signed-in") return;
      // somebody at work stays there: what they hold and write is shown while nobody answers
      if (this.standing === "asking") this.standing = "unreachable";
      window.setTimeout(() => void this.look(), AGAIN_MS);
    }
  }

  /** Throws `Refusal`. */
  async signIn(name: string, password: string): Promise<void> {
    const body = { name, password, browser: true };
    this.#take((await ask<SessionView>("POST", api("sessions"), body)).account);
  }

  /** What people call the sign-in provider; "" when everybody has a password. */
  async provider(): Promise<string> {
    return (await ask<ProviderView>("GET", api("provider"))).name ?? "";
  }

  /** Go to the sign-in provider; it sends the browser back to this page. Throws `Refusal`. */
  async goToProvider(): Promise<void> {
    const begun = await ask<ElsewhereView>("POST", api("provider", "sign_in"), { page: route.page });
    window.location.assign(begun.address);
  }

  /** Throws `Refusal`. */
  async changePassword(old: string, fresh: string): Promise<void> {
    const body = { old, new: fresh };
    this.#take((await ask<SessionView>("POST", api("password"), body)).account);
  }

  async signOut(): Promise<void> {
    await this.leaving?.();
    await ask("DELETE", api("sessions")).catch(() => undefined);
    this.over();
    this.hasEnded = false;
  }

  /** The session has ended, here or elsewhere. */
  over(): void {
    this.hasEnded = this.standing === "in";
    this.account = null;
    this.standing = "out";
  }

  /** Whether the account may see what is for these roles; none named: everybody. */
  is(roles: readonly string[]): boolean {
    return roles.length === 0 || (this.account !== null && roles.includes(this.account.role));
  }

  #take(account: AccountView): void {
    this.account = account;
    this.standing = account.must_change ? "must-change" : "in";
  }
}

export const session = new Session();
