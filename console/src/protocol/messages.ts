// Written by `python -m scripts.draw_protocol` from router/desk; edit those.
// Moments are ISO 8601 in UTC; names that end in _s are seconds.

/** Take the offered item. */
export interface Accept {
  type: "accept";
  id?: string;
  offer: string;
}

/** A new account. */
export interface AccountBody {
  name: string;
  role: "administrator" | "agent" | "supervisor";
  agent?: string | null;
  provider_name?: string;
}

/** An account. */
export interface AccountView {
  name: string;
  role: string;
  agent: string | null;
  must_change: boolean;
  locked_until: string | null;
  is_disabled: boolean;
  has_password: boolean;
  provider_name: string;
}

/** The agent's own status and state. */
export interface AgentMessage {
  type: "agent";
  version: number;
  at: string;
  agent: AgentView;
}

/** Every skill of the town, with the levels of one agent. */
export interface AgentSkillsView {
  agent: string;
  name: string;
  skills: SkillView[];
  today: SkillsTodayView | null;
}

/** What the engine is doing with the agent. */
export type AgentState = "handling" | "idle" | "offered" | "wrap_up";

/** What the agent chose. */
export type AgentStatus = "available" | "away" | "offline";

/** A person inside: what they chose, and what the engine is doing with them. */
export interface AgentView {
  agent: string;
  name: string;
  team: string;
  status: AgentStatus;
  reason: string;
  then_status: AgentStatus | null;
  then_reason: string;
  since: string | null;
  signed_in: boolean;
  state: AgentState;
  holdings: HoldingView[];
  load: LoadView[];
  over: boolean;
  missed: number;
  may_take_back: string | null;
  skills_today: SkillsTodayView | null;
}

/** Who does what about the subject of an item. */
export interface AgreementView {
  level: string;
  department: NamedView | null;
  link: string;
  script: string;
  hand_over: string;
  number: string;
}

/** A message in front of every call. */
export interface AnnouncementView {
  id: string;
  text: Record<string, string>;
  since: string;
  until: string;
  numbers: string[];
  by: string;
}

/** A canned answer, its fields filled in. */
export interface AnswerView {
  id: string;
  title: string;
  text: string;
}

/** Who shall have it, also beyond what they may hold. */
export interface AssignBody {
  agent: string;
  reason?: string;
}

/** Somebody on call who was told, and what came of it. */
export interface AttemptView {
  contact: string;
  name: string;
  way: string;
  round: number;
  at: string;
  result: string;
  ended_at: string | null;
}

/** One change that somebody made. */
export interface AuditView {
  at: string;
  who: string;
  what: string;
  target: string;
}

/** The desk is alive; any other message says so, too. */
export interface Beat {
  type: "beat";
  id?: string;
}

/** Which page of the console to go on with; one that is none counts as the desk. */
export interface BeginBody {
  page?: string;
}

/** Why, and for how long. */
export interface BlockBody {
  reason: string;
  hours?: number | null;
}

/** Somebody who may not write by chat. */
export interface BlockedView {
  key: string;
  until: string | null;
  reason: string;
  by: string;
}

/** What a row stands for. */
export type By = "agent" | "category" | "channel" | "day" | "hour" | "queue" | "ward";

/** A promise to ring back. */
export interface CallbackView {
  booked_at: string;
  expires_at: string;
  attempts: number;
  attempts_max: number;
}

/** The door a contact came through. */
export type Channel = "chat" | "mail" | "voice" | "webform";

/** Done with the item. */
export interface Close {
  type: "close";
  id?: string;
  item: string;
  code?: string;
  note?: string;
}

/** Leave the resident to whom was asked; they are on the line. */
export interface Complete {
  type: "complete";
  id?: string;
  item: string;
}

/** Ask exactly one of queue, agent, contact, number; the resident stays on the line. */
export interface Consult {
  type: "consult";
  id?: string;
  item: string;
  queue?: string | null;
  agent?: string | null;
  contact?: string | null;
  number?: string | null;
}

/** Whom the agent asks beside the resident. */
export interface ConsultView {
  to: string;
  name: string;
  state: string;
  result: LegResult | null;
  since: string;
}

/** One way in which a resident has come about the matter: the item, or one merged into it. */
export interface ContactView {
  item: string;
  form: Form;
  channel: Channel;
  received_at: string;
  told_by: string;
  contact_ref: string;
  words_ref: string;
  who: WhoView | null;
  words: WordsView | null;
}

/** The daemons that serve the town together, as the one that was asked knows them. */
export interface DaemonsView {
  ours: string;
  decider: string;
  names: string[];
  behind_events: number;
}

/** Leave the offered item to somebody else. */
export interface Decline {
  type: "decline";
  id?: string;
  offer: string;
  reason?: string;
}

/** What a figure is. */
export interface Definition {
  key: string;
  unit: string;
  name: string;
  definition: string;
}

/** The desk that is alive, as sign-in named it. */
export interface DeskBody {
  desk: string;
}

/** It is done and stored. */
export interface DoneView {
  done: boolean;
}

/** A connection to the outside that is kept open: how it stands. */
export interface DoorView {
  name: string;
  state: string;
  why: string;
  since: string;
}

/** What is being written, kept by the daemon; an empty text forgets it. */
export interface Draft {
  type: "draft";
  id?: string;
  item: string;
  text: string;
}

/** What is being written; "" forgets it. */
export interface DraftBody {
  text?: string;
}

/** What the agent was writing. */
export interface DraftView {
  item: string;
  text: string;
}

/** An item that may be about the same matter: look, then merge or leave it. */
export interface DuplicateView {
  item: string;
  form: Form;
  state: ItemState;
  subject: string;
  received_at: string;
  agent: string | null;
  why: string;
}

/** An earlier item with everything that was said and written. */
export interface EarlierItemView {
  item: EarlierView;
  words: WordsView | null;
  messages: MessageView[];
  before: number;
}

/** A page of them, the newest first. */
export interface EarlierPageView {
  items: EarlierView[];
  more: boolean;
  blocked: boolean;
}

/** One earlier item of the same resident, open or ended. */
export interface EarlierView {
  item: string;
  form: Form;
  channel: Channel;
  state: ItemState;
  called: string;
  language: string;
  subject: string;
  queue: NamedView | null;
  agent: NamedView | null;
  received_at: string;
  ended_at: string | null;
  outcome: string;
  code: string;
  name: string;
  note: string;
}

/** Where the browser must go now. */
export interface ElsewhereView {
  address: string;
}

/** Hours overridden by a person: closed now, or forced open. */
export interface EmergencyBody {
  closed?: boolean;
  until?: string | null;
  reason?: string;
}

/** Hours overridden by a person. */
export interface EmergencyView {
  hours: string;
  closed: boolean;
  since: string;
  until: string | null;
  reason: string;
  by: string;
}

/** Why something was not done; `code` is stable. */
export interface ErrorView {
  code: string;
  message: string;
}

/** What a figure is called and means. */
export interface FigureView {
  key: string;
  unit: string;
  name: string;
  definition: string;
}

/** The figures on one channel, or on all; null where nothing was counted. */
export interface FiguresOfView {
  channel: string;
  name: string;
  figures: Record<string, number | number | null>;
}

/** A file that was uploaded before, as the upload named it. */
export interface FileSent {
  blob: string;
  name: string;
  kind: string;
  size: number;
}

/** A file that came with a message. */
export interface FileView {
  name: string;
  kind: string;
  size: number;
  inline: boolean;
}

/** Hang up, or stop working on it: wrap-up follows. */
export interface Finish {
  type: "finish";
  id?: string;
  item: string;
}

/** What is wrong; it stands as a note in the conversation. */
export interface FlagBody {
  text: string;
  key: string;
}

/** What is reached if those who wait are answered at their expected wait. */
export interface ForecastView {
  of: string;
  level: number | null;
  at_risk_below: number;
  until: number;
  counted_met: number;
  counted: number;
  waiting: number;
  in_time: number;
  why: string;
}

/** What an agent will do with the item now. */
export type Form = "call" | "callback" | "chat" | "mail" | "message" | "submission";

/** Ask a department by mail; its answer comes back into the conversation. */
export interface Forward {
  type: "forward";
  id?: string;
  item: string;
  contact: string;
  text: string;
  key: string;
}

/** One line of a story. */
export interface HappenedView {
  what: Happening;
  at: string | null;
  form: Form | null;
  name: string;
  more: string;
  count: number;
}

/** What a line of a story tells. */
export type Happening = "came" | "left" | "linked" | "menu" | "offered" | "on_call" | "perhaps" | "place" | "queued" | "relaxed" | "reopened" | "rule" | "rung" | "urgent";

/** First message of a connection; the token may come in a header or a cookie instead. */
export interface Hello {
  type: "hello";
  id?: string;
  token?: string;
  language?: string;
  client?: string;
  attempt?: number;
}

/** Let the resident hear hold music. */
export interface Hold {
  type: "hold";
  id?: string;
  item: string;
}

/** One item an agent has. */
export interface HoldingView {
  item: string;
  tempo: Tempo;
  state: string;
}

/** One line of the shared inbox, without anybody's words. */
export interface InboxView {
  item: string;
  state: ItemState;
  form: Form;
  queue: NamedView | null;
  subject: string;
  language: string;
  received_at: string;
  age_s: number;
  due: string | null;
  agent: string | null;
  owner: string | null;
  waiting_for: string;
  urgent: boolean;
  unanswered_since: string | null;
  messages: number;
  outcome: string;
}

/** Of those who came in the present quarter of an hour. */
export interface IntervalView {
  begins: string;
  level: number | null;
  offered: number;
}

/** The item as it stands now; `yours` is false once it has left the agent's hands. */
export interface ItemMessage {
  type: "item";
  version: number;
  at: string;
  yours: boolean;
  item: ItemView;
}

/** Where a work item stands. `lifecycle` holds the only moves between them. */
export type ItemState = "abandoned" | "closed" | "deferred" | "diverted" | "handling" | "held" | "in_flow" | "offered" | "queued" | "received" | "shunted" | "wrap_up";

/** A work item as it stands. */
export interface ItemView {
  item: string;
  state: ItemState;
  form: Form;
  channel: Channel;
  tempo: Tempo;
  called: string;
  received_at: string;
  language: string;
  subject: string;
  attributes: Record<string, string>;
  queue: NamedView | null;
  asks_for: string;
  waited_s: number;
  due: string | null;
  agent: string | null;
  handled_since: string | null;
  wrap_up_until: string | null;
  wrap_up_required: boolean;
  deferred_until: string | null;
  legs: LegView[];
  callback: CallbackView | null;
  outcome: string;
  code: string;
  ended_at: string | null;
  story: string[];
  happened: HappenedView[];
  who: WhoView | null;
  words: WordsView | null;
  text: TextView | null;
  contacts: ContactView[];
  duplicates: DuplicateView[];
  consult: ConsultView | null;
  agreement: AgreementView | null;
  listener: ListenerView | null;
}

/** A machine's mail: kept, never answered. */
export interface KeptView {
  at: string;
  kind: string;
  why: string;
  item: string;
  sender: string;
  subject: string;
}

/** What became of dialling somebody. */
export type LegResult = "answered" | "busy" | "ended" | "failed" | "machine" | "no_answer" | "not_accepted";

/** A telephone leg of an item, as far as the engine knows. */
export type LegState = "connected" | "dialling" | "ended" | "none";

/** One telephone leg. */
export interface LegView {
  of: string;
  state: LegState;
}

/** The rows of that queue that are new or other than before. */
export interface LineChangeMessage {
  type: "line_change";
  queue: string;
  items: WallItemView[];
  gone_items: string[];
}

/** Who waits in the queue that is looked into; it replaces what was shown. */
export interface LineMessage {
  type: "line";
  queue: string;
  items: WallItemView[];
}

/** How to be in the talk; again with another mode: the change. */
export interface ListenBody {
  mode: ListenMode;
}

/** How a supervisor is in an agent's talk. */
export type ListenMode = "barge" | "listen" | "whisper";

/** A supervisor in an agent's talk. */
export interface ListenerView {
  agent: string;
  name: string;
  mode: ListenMode;
  state: string;
  since: string;
}

/** How much of one kind of channel an agent holds. */
export interface LoadView {
  tempo: Tempo;
  held: number;
  most: number;
}

/** The item is about the same as another and ends in its favour. */
export interface Merge {
  type: "merge";
  id?: string;
  item: string;
  into: string;
}

/** A message in front of every call; for how long, or until when. */
export interface MessageBody {
  text: Record<string, string>;
  for_s?: number | null;
  until?: string | null;
  since?: string | null;
  numbers?: string[];
}

/** What a message of a conversation is. */
export type MessageKind = "automatic" | "file" | "forward" | "machine" | "note" | "text";

/** One message of a conversation. */
export interface MessageView {
  conversation: string;
  number: number;
  kind: MessageKind;
  by: string;
  who: string;
  at: string;
  ref: string;
  note: string;
  text: string;
  quoted: string;
  subject: string;
  sender: string;
  has_html: boolean;
  files: FileView[];
}

/** What an agent's desk shows. */
export interface MineView {
  version: number;
  at: string;
  desk: string;
  agent: AgentView;
  offer: OfferView | null;
  items: ItemView[];
}

/** In which line it shall wait, as old as it is. */
export interface MoveBody {
  queue: string;
  reason?: string;
}

/** An id and what people call it. */
export interface NamedView {
  id: string;
  name: string;
}

/** An internal note in the conversation; residents never see it. */
export interface Note {
  type: "note";
  id?: string;
  item: string;
  text: string;
  key: string;
}

/** Something everybody at a desk should know. */
export interface Notice {
  type: "notice";
  notice: string;
  message: string;
  policy: PolicyTexts | null;
}

/** Stop ringing. */
export interface OfferEndedMessage {
  type: "offer_ended";
  version: number;
  at: string;
  offer: string;
  item: string;
  ending: OfferEnding;
  reason: string;
}

/** How an offer ended. */
export type OfferEnding = "accepted" | "declined" | "missed" | "skipped" | "withdrawn";

/** An item is offered; answer `seen` as soon as it is shown. */
export interface OfferMessage {
  type: "offer";
  version: number;
  at: string;
  offer: OfferView;
}

/** Everything an agent needs to answer an offer. */
export interface OfferView {
  offer: string;
  item: string;
  form: Form;
  channel: Channel;
  tempo: Tempo;
  who: WhoView | null;
  subject: string;
  queue: NamedView | null;
  language: string;
  asks_for: string;
  waited_s: number;
  due: string | null;
  made_at: string;
  expires_at: string;
  seen: boolean;
  why: string;
  story: string[];
  happened: HappenedView[];
  agreement: AgreementView | null;
}

/** Done and stored. */
export interface Ok {
  type: "ok";
  id: string;
}

/** One item about which people on call were told. */
export interface OnCallView {
  item: string;
  subject: string;
  script: string;
  state: string;
  acknowledged_by: string;
  attempts: AttemptView[];
  without_caller: string;
}

/** A password that is shown this once and must be changed at the first sign-in. */
export interface OneTimeView {
  name: string;
  one_time_password: string;
}

/** One's own figures of today. */
export interface OwnFiguresView {
  at: string;
  day: string;
  definitions: FigureView[];
  rows: FiguresOfView[];
}

/** What lets the carrier ring this browser for the agent. */
export interface PassView {
  token: string;
  identity: string;
  expires_at: string;
}

/** One's own present and new password. */
export interface PasswordBody {
  old: string;
  new: string;
}

/** The daemon is alive. */
export interface Ping {
  type: "ping";
  at: string;
}

/** The choices that the policy gives an agent, in the desk's language where the town has it. */
export interface PolicyTexts {
  hash: string;
  town: string;
  time_zone: string;
  languages: NamedView[];
  queues: NamedView[];
  agents: NamedView[];
  contacts: NamedView[];
  interpreters: NamedView[];
  away_reasons: NamedView[];
  wrap_up_codes: NamedView[];
  lease_s: number;
}

/** The policy in force. */
export interface PolicyView {
  town: string;
  time_zone: string;
  hash: string;
  adopted_at: string | null;
  refused: RefusalView | null;
  compiled_with: Record<string, string>;
}

/** The item ranks as if it had come so many seconds earlier; less than 0: later. */
export interface PrioritiseBody {
  head_start_s: number;
  reason?: string;
}

/** Promise to ring back, at once or not before an instant; whoever is on the line is let go. */
export interface Promise {
  type: "promise";
  id?: string;
  item: string;
  at?: string | null;
  owner?: string | null;
}

/** Of those answered today who had been told how long it takes: the first time of an entry. */
export interface PromisesView {
  told: number;
  inside: number | null;
  longer: number | null;
  mean_error_s: number | null;
  mean_absolute_error_s: number | null;
}

/** What the sign-in provider calls the person from now on; "" = nobody there. */
export interface ProviderNameBody {
  provider_name: string;
  keeps_password: boolean;
}

/** The sign-in provider. */
export interface ProviderView {
  name: string | null;
}

/** Why an agent shall not have it any more. */
export interface PullBackBody {
  reason?: string;
}

/** A queue now and today. */
export interface QueueView {
  queue: string;
  name: string;
  open: boolean;
  reason: string;
  changes_at: string | null;
  conditions: string[];
  waiting: WaitingView[];
  staffed: StaffView[];
  today: ServiceLevelView;
  chats_today: ServiceLevelView;
  mails_today: ServiceLevelView;
  forms_today: ServiceLevelView;
  expected: WaitView;
  promises: PromisesView;
  forecast: ForecastView | null;
}

/** A call that has not been returned yet, and why. */
export interface RecallView {
  item: string;
  queue: NamedView | null;
  state: string;
  item_state: ItemState;
  subject: string;
  owner: string | null;
  agent: string | null;
  booked_at: string | null;
  waiting_since: string | null;
  attempts: number;
  not_before: string | null;
  expires_at: string | null;
  why: string;
}

/** Why the last edited policy was not adopted. */
export interface RefusalView {
  at: string;
  complaints: string[];
}

/** Not done; nothing changed. Codes are stable. */
export interface Refused {
  type: "refused";
  id: string;
  code: string;
  message: string;
}

/** Where a shunted item goes: a queue, or nowhere (closed). */
export interface ReleaseBody {
  queue?: string | null;
}

/** Why a finished item goes back into its queue. */
export interface ReopenBody {
  reason?: string;
}

/** Answer the resident, by chat or mail; the same `key` twice sends one answer. */
export interface Reply {
  type: "reply";
  id?: string;
  item: string;
  text: string;
  key: string;
  then?: "close" | "stay" | "wait";
  code?: string;
  files?: FileSent[];
}

/** See the module's text. Spans are seconds or hours, shares 0..1. */
export interface Report {
  period: string;
  kind: string;
  first: string;
  last: string;
  by: By;
  language: string;
  town: string;
  is_over: boolean;
  definitions: Definition[];
  formulas: Record<string, string>;
  rows: Row[];
  total: Row[];
}

/** Bring the resident back. */
export interface Resume {
  type: "resume";
  id?: string;
  item: string;
}

/** Put the item back where it came from; it keeps its place. */
export interface Return {
  type: "return";
  id?: string;
  item: string;
  reason?: string;
}

/** What an account may do from now on. */
export interface RoleBody {
  role: "administrator" | "agent" | "supervisor";
  agent?: string | null;
}

/** The figures of one group on one channel. */
export interface Row {
  value: string | null;
  name: string;
  channel: string;
  channel_name: string;
  formulas: string[];
  promised: string;
  figures: Record<string, number | number | null>;
}

/** The desk shows the offer. */
export interface Seen {
  type: "seen";
  id?: string;
  offer: string;
}

/** Today's figures; a level of None means that nothing was counted yet. */
export interface ServiceLevelView {
  channel: string;
  formula: string;
  definition: string;
  level: number | null;
  target_share: number;
  target_s: number;
  offered: number;
  answered_in: number;
  answered_late: number;
  abandoned_in: number;
  abandoned_late: number;
  callbacks: number;
  diverted: number;
  lost: number;
  interval: IntervalView;
  closed: number;
  first_response: string;
}

/** A session that was just opened; send the token as `Authorization: Bearer`. */
export interface SessionView {
  token: string;
  account: AccountView;
}

/** Name and password; a browser keeps the token in a cookie that its scripts cannot read. */
export interface SignInBody {
  name: string;
  password: string;
  browser?: boolean;
}

/** End of shift: no more offers; what is held stays until it is done. */
export interface SignOut {
  type: "sign_out";
  id?: string;
}

/** One skill of an agent, and what the policy says of it. */
export interface SkillView {
  skill: string;
  names: Record<string, string>;
  level: number;
  usual: number;
}

/** Levels of some skills, 0 for none of it; without an end until the town's day is over. */
export interface SkillsBody {
  levels: Record<string, number>;
  for_s?: number | null;
  until?: string | null;
  reason?: string;
}

/** The levels that hold for an agent until an instant, whatever the policy says. */
export interface SkillsTodayView {
  changed: SkillView[];
  since: string;
  until: string;
  reason: string;
  by: string;
}

/** Put the item away until an instant. */
export interface Snooze {
  type: "snooze";
  id?: string;
  item: string;
  until: string;
}

/** Whether this browser can be the agent's telephone. */
export interface SoftphoneView {
  offered: boolean;
}

/** Make an item of its own of what was written from a message on. */
export interface Split {
  type: "split";
  id?: string;
  item: string;
  number: number;
}

/** Agents who meet the queue's requirement in one language. */
export interface StaffView {
  tempo: Tempo;
  language: string;
  signed_in: number;
  available: number;
}

/** Available or away; at once, or when nothing is held any more. */
export interface Status {
  type: "status";
  id?: string;
  status: AgentStatus;
  reason?: string;
  after_item?: boolean;
}

/** The whole town at a glance. */
export interface StatusView {
  at: string;
  time_zone: string;
  town: string;
  version: string;
  started_at: string;
  uptime_s: number;
  journal: string;
  events: number;
  policy: PolicyView;
  queues: QueueView[];
  agents: AgentView[];
  emergencies: EmergencyView[];
  shunted: ItemView[];
  doors: DoorView[];
  pending_effects: number;
  open_offers: number;
  unreturned: RecallView[];
  duplicates_avoided: number;
  surge: SurgeView[];
  announcements: AnnouncementView[];
  on_call: OnCallView[];
  daemons: DaemonsView | null;
  journal_since: string | null;
}

/** Why an item went where it went. */
export interface StoryView {
  item: string;
  lines: string[];
}

/** For how long, or until when; one of them. */
export interface SurgeBody {
  for_s?: number | null;
  until?: string | null;
  reason?: string;
}

/** The surge that holds now, and what it lets hold. */
export interface SurgeView {
  since: string;
  until: string;
  reason: string;
  by: string;
  first: string[];
  text: Record<string, string>;
}

/** Take an item from the list; `force` takes it from a colleague. */
export interface Take {
  type: "take";
  id?: string;
  item: string;
  force?: boolean;
}

/** The decline was a slip; works while nobody else has the item. */
export interface TakeBack {
  type: "take_back";
  id?: string;
  offer: string;
}

/** The kind of channel: it decides capacity, not the transport. */
export type Tempo = "fast_text" | "live" | "slow_text";

/** The conversation of an item, and what is owed in it. */
export interface TextView {
  conversation: string;
  can_reply: string;
  messages: MessageView[];
  earlier: number;
  owner: string | null;
  waiting_for: string;
  linked_to: string | null;
  merged_into: string | null;
  merged: string[];
  rule: string;
  urgent: boolean;
  unanswered_since: string | null;
  answer_due: string | null;
  resident_left: boolean;
}

/** Cold transfer to exactly one of queue, agent, contact. */
export interface Transfer {
  type: "transfer";
  id?: string;
  item: string;
  queue?: string | null;
  agent?: string | null;
  contact?: string | null;
  keep_age?: boolean | null;
}

/** The agent is writing; the resident of a chat is told, nothing is stored. */
export interface Typing {
  type: "typing";
  id?: string;
  item: string;
}

/** The resident of a chat is writing; never stored, forget it after a few seconds. */
export interface TypingMessage {
  type: "typing";
  item: string;
}

/** Let go whom was asked; the resident stays. */
export interface Unconsult {
  type: "unconsult";
  id?: string;
  item: string;
}

/** What a mail rule did to the item was wrong. */
export interface UndoRule {
  type: "undo_rule";
  id?: string;
  item: string;
  reason?: string;
}

/** Take a merge back. */
export interface Unmerge {
  type: "unmerge";
  id?: string;
  item: string;
}

/** A file that can now be sent with an answer. */
export interface UploadedView {
  blob: string;
  name: string;
  kind: string;
  size: number;
}

/** Put the item away until the resident answers. */
export interface Wait {
  type: "wait";
  id?: string;
  item: string;
}

/** What a caller who came now would be told; None: unknown. */
export interface WaitView {
  low_s: number | null;
  high_s: number | null;
}

/** Who waits and who could serve them, of one kind of channel. */
export interface WaitingView {
  tempo: Tempo;
  waiting: number;
  oldest_wait_s: number;
  conditions: string[];
}

/** An agent who is signed in, or holds something. */
export interface WallAgentView {
  agent: string;
  name: string;
  team: string;
  status: AgentStatus;
  reason: string;
  then_status: AgentStatus | null;
  since: string;
  signed_in: boolean;
  state: AgentState;
  state_since: string;
  holdings: WallHoldingView[];
  load: LoadView[];
  over: boolean;
  missed: number;
  skills_today: SkillsTodayView | null;
}

/** The rows that are new or other than before. */
export interface WallChangeMessage {
  type: "wall_change";
  version: number;
  at: string;
  town: WallTownView | null;
  queues: WallQueueView[];
  agents: WallAgentView[];
  gone_agents: string[];
}

/** One item an agent has. */
export interface WallHoldingView {
  item: string;
  form: Form;
  tempo: Tempo;
  queue: string | null;
  state: string;
  since: string | null;
  listener: ListenerView | null;
}

/** Opening hours that can be overridden. */
export interface WallHoursView {
  hours: string;
  queues: string[];
}

/** One that waits in the queue that is looked into. */
export interface WallItemView {
  item: string;
  rank: number;
  state: ItemState;
  form: Form;
  tempo: Tempo;
  subject: string;
  language: string;
  since: string;
  head_start_s: number;
  asks_for: string;
  step: number;
  steps: number;
  kept_for: string | null;
  offered_to: string[];
  due: string | null;
  urgent: boolean;
}

/** Who waits in a queue, of one kind of channel. */
export interface WallLineView {
  tempo: Tempo;
  waiting: number;
  since: string | null;
  conditions: string[];
}

/** Everything but the lines; it replaces what was shown. */
export interface WallMessage {
  type: "wall";
  version: number;
  at: string;
  town: WallTownView;
  queues: WallQueueView[];
  agents: WallAgentView[];
}

/** A queue now and today. */
export interface WallQueueView {
  queue: string;
  names: Record<string, string>;
  hours: string;
  open: boolean;
  reason: string;
  changes_at: string | null;
  conditions: string[];
  lines: WallLineView[];
  staffed: StaffView[];
  levels: ServiceLevelView[];
  expected: WaitView;
  forecast: ForecastView | null;
}

/** What holds for the whole town, and how much waits for a person. */
export interface WallTownView {
  names: Record<string, string>;
  languages: string[];
  time_zone: string;
  subjects: Record<string, Record<string, string>>;
  away_reasons: Record<string, Record<string, string>>;
  hours: WallHoursView[];
  emergencies: EmergencyView[];
  surge: SurgeView[];
  listen_modes: ListenMode[];
  has_surge: boolean;
  announcements: AnnouncementView[];
  shunted: number;
  unreturned: number;
  given_up: number;
  on_call: number;
  doors: string[];
  policy_refused: boolean;
}

/** First message of a connection, and whenever another queue is looked into. */
export interface Watch {
  type: "watch";
  id?: string;
  token?: string;
  queue?: string;
}

/** The answer to hello: everything a desk shows, complete. */
export interface Welcome {
  type: "welcome";
  id: string;
  version: number;
  at: string;
  desk: string;
  agent: AgentView;
  offer: OfferView | null;
  items: ItemView[];
  policy: PolicyTexts;
  beat_every_s: number;
}

/** The resident, as far as known. */
export interface WhoView {
  name: string;
  number: string;
  email: string;
}

/** What the resident said or wrote. */
export interface WordsView {
  kind: string;
  text: string;
  fields: Record<string, unknown>;
}

export type ClientSays =
  | Hello
  | Beat
  | Status
  | Seen
  | Accept
  | Decline
  | TakeBack
  | Hold
  | Resume
  | Transfer
  | Consult
  | Complete
  | Unconsult
  | Promise
  | Return
  | Finish
  | Close
  | SignOut
  | Take
  | Reply
  | Note
  | Draft
  | Wait
  | Snooze
  | Forward
  | Merge
  | Unmerge
  | Split
  | UndoRule
  | Typing;

export type ServerSays =
  | Welcome
  | OfferMessage
  | OfferEndedMessage
  | ItemMessage
  | AgentMessage
  | Notice
  | TypingMessage
  | Ping
  | Ok
  | Refused;

export type WallSays =
  | WallMessage
  | WallChangeMessage
  | LineMessage
  | LineChangeMessage
  | Ping
  | Notice
  | Refused;
