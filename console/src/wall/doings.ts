/** What a supervisor does; each throws `Refusal`, and each stands in the audit log. */

import type {
  AgentSkillsView,
  AgentView,
  AssignBody,
  EmergencyBody,
  ItemView,
  ListenBody,
  MessageBody,
  MoveBody,
  OnCallView,
  PrioritiseBody,
  PullBackBody,
  RecallView,
  ReleaseBody,
  ReopenBody,
  SkillsBody,
  StoryView,
  SurgeBody,
} from "../protocol/messages";
import { api } from "../shell/address";
import { ask } from "../shell/http";

const SHOWN = 200;

export const items = {
  one: (item: string) => ask<ItemView>("GET", `${api("items", item)}?words=false`),
  story: (item: string) => ask<StoryView>("GET", api("items", item, "explain")),
  /** With its words; noted in the trail. */
  read: (item: string) => ask<ItemView>("GET", api("items", item, "read")),
  move: (item: string, body: MoveBody) => ask("POST", api("items", item, "move"), body),
  prioritise: (item: string, body: PrioritiseBody) =>
    ask("POST", api("items", item, "prioritise"), body),
  assign: (item: string, body: AssignBody) => ask("POST", api("items", item, "assign"), body),
  pullBack: (item: string, body: PullBackBody) =>
    ask("POST", api("items", item, "pull_back"), body),
  reopen: (item: string, body: ReopenBody) => ask("POST", api("items", item, "reopen"), body),
  release: (item: string, body: ReleaseBody) =>
    ask("POST", api("shunted", item, "release"), body),
};

/** Of supervisors in the talks of agents. */
export const calls = {
  listen: (item: string, body: ListenBody) => ask("POST", api("items", item, "listen"), body),
  stop: (item: string) => ask("DELETE", api("items", item, "listen")),
};

export const lists = {
  aside: () => ask<ItemView[]>("GET", `${api("shunted")}?limit=${SHOWN}`),
  callbacks: () => ask<RecallView[]>("GET", `${api("callbacks")}?limit=${SHOWN}`),
  onCall: () => ask<OnCallView[]>("GET", api("on-call")),
};

export const agents = {
  /** Also those who are not signed in. */
  all: () => ask<AgentView[]>("GET", api("agents")),
  skills: (agent: string) => ask<AgentSkillsView>("GET", api("agents", agent, "skills")),
  change: (agent: string, body: SkillsBody) => ask("POST", api("agents", agent, "skills"), body),
  usual: (agent: string) => ask("DELETE", api("agents", agent, "skills")),
};

export const town = {
  override: (hours: string, body: EmergencyBody) =>
    ask("POST", api("hours", hours, "emergency"), body),
  asWritten: (hours: string) => ask("DELETE", api("hours", hours, "emergency")),
  announce: (name: string, body: MessageBody) => ask("POST", api("announcements", name), body),
  withdraw: (name: string) => ask("DELETE", api("announcements", name)),
  surge: (body: SurgeBody) => ask("POST", api("surge"), body),
  ordinary: () => ask("DELETE", api("surge")),
};
