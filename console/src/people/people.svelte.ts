/** Accounts and the agents they may be. */

import type {
  AccountBody,
  AccountView,
  AgentView,
  OneTimeView,
  PolicyView,
  ProviderNameBody,
  RoleBody,
} from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";
import { reasonOf } from "../shell/refusals";
import { session } from "../shell/session.svelte";
import { zone } from "../shell/zone.svelte";

export type Role = AccountBody["role"];

export const ROLES: readonly Role[] = ["agent", "supervisor", "administrator"];

export class People {
  accounts = $state.raw<AccountView[]>([]);
  agents = $state.raw<AgentView[]>([]);
  /** What people call the sign-in provider; "" when there is none. */
  provider = $state("");
  isLoaded = $state(false);
  mistake = $state("");

  async load(): Promise<void> {
    try {
      const [accounts, agents, provider, policy] = await Promise.all([
        ask<AccountView[]>("GET", api("accounts")),
        ask<AgentView[]>("GET", api("agents")),
        session.provider(),
        ask<PolicyView>("GET", api("policy")),
      ]);
      [this.accounts, this.agents, this.provider] = [accounts, agents, provider];
      zone.name = policy.time_zone;
      this.mistake = "";
    } catch (error) {
      this.mistake = reasonOf(error);
    }
    this.isLoaded = true;
  }

  /** Throws `Refusal`, as those below. */
  async create(body: AccountBody): Promise<OneTimeView> {
    return this.#then(ask<OneTimeView>("POST", api("accounts"), body));
  }

  async setRole(name: string, body: RoleBody): Promise<void> {
    await this.#then(ask<AccountView>("POST", api("accounts", name, "role"), body));
  }

  async setProviderName(name: string, body: ProviderNameBody): Promise<void> {
    await this.#then(ask<AccountView>("POST", api("accounts", name, "provider_name"), body));
  }

  async disable(name: string): Promise<void> {
    await this.#then(ask<AccountView>("POST", api("accounts", name, "disable")));
  }

  async enable(name: string): Promise<void> {
    await this.#then(ask<AccountView>("POST", api("accounts", name, "enable")));
  }

  async reset(name: string): Promise<OneTimeView> {
    return this.#then(ask<OneTimeView>("POST", api("accounts", name, "password")));
  }

  async remove(name: string): Promise<void> {
    await this.#then(ask("DELETE", api("accounts", name)));
  }

  async #then<T>(asked: Promise<T>): Promise<T> {
    const answer = await asked;
    await this.load();
    return answer;
  }
}
