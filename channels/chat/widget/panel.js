/** What is on the page for one conversation in one language; listens to the conversation. */
import { Foot } from "./foot.js";
import { Frame } from "./frame.js";
import { Intro } from "./intro.js";
import { Log } from "./log.js";
import { newsOf, standingWords } from "./standing.js";

const COUNTED = /^\(\d+\) /; // what we put before the title of the page

/** @typedef {import("./frame.js").Config} Config */

export class Panel {
  #speech;
  #say;
  #config;
  #conversation;
  #frame;
  #log;
  #intro;
  #foot;
  #news = "";
  #wasOffline = false;
  #mayAnnounceTyping = true;

  /**
   * @param {import("./speech.js").Speech} speech @param {Config} config
   * @param {import("./conversation.js").Conversation} conversation
   * @param {{language: (id: string) => void, home: string}} acts
   */
  constructor(speech, config, conversation, acts) {
    this.#speech = speech;
    this.#say = speech.say;
    this.#config = config;
    this.#conversation = conversation;
    this.#log = new Log(speech, config.town, {
      home: acts.home,
      retry: ({ key }) => conversation.retry(key),
      change: (message) => this.#change(message),
    });
    this.#foot = new Foot(speech.say, conversation, {
      write: (text) => this.#begin((contact) => conversation.say(text, contact)),
      give: (file) => this.#begin((contact) => conversation.give(file, contact)),
      known: () => this.#intro.typed,
      grown: () => this.#log.toEnd(),
      rest: () => this.#frame.title.focus(),
    });
    const frameActs = {
      open: () => this.open(),
      minimise: () => this.minimise(),
      form: (name) => this.#foot.openForm(name),
      language: acts.language,
    };
    this.#frame = new Frame(speech, config, frameActs, this.#log.node, this.#foot.node);
    this.#intro = new Intro(speech, config, acts.language);
    this.#intro.node.hidden = conversation.transcript.isBegun;
    this.#log.head = this.#intro.node;
    this.node = this.#frame.node;
    conversation.transcript.all.forEach((message) => this.#log.put(message));
    this.standing();
    this.line();
  }

  get isOpen() {
    return !this.#frame.window.hidden;
  }

  get window() {
    return this.#frame.window;
  }

  /** What is typed and not sent, to be carried into another language. */
  get typed() {
    return { text: this.#foot.composer.text, contact: this.#intro.typed };
  }

  set typed({ text, contact }) {
    this.#foot.composer.text = text;
    this.#intro.typed = contact;
  }

  open() {
    this.#frame.show(true);
    this.#conversation.start();
    this.read();
    this.#log.toEnd();
    if (this.#conversation.transcript.isBegun) this.#foot.focus();
    else this.#frame.title.focus();
  }

  /** @param {boolean} [takesFocus] */
  minimise(takesFocus = true) {
    this.#frame.show(false);
    if (takesFocus) this.#frame.launcher.focus();
  }

  /** Put the focus on the language that was chosen. */
  focusLanguage() {
    const visible = [...this.window.querySelectorAll("[aria-pressed=true]")];
    const target = visible.find((each) => each.checkVisibility?.() ?? true);
    (target ?? this.#frame.title).focus();
  }

  // --- what the conversation tells ---

  message(message) {
    if (message.isMine) this.#intro.node.hidden = true;
    this.#log.put(message);
    if (!message.isMine) this.#mayAnnounceTyping = true;
    if (message.delivery === "failed" || message.delivery === "waiting") {
      this.#frame.announce(this.#log.deliveryWords(message));
    }
    this.#offerAnswers();
    this.read();
    if (!message.isMine && !this.isOpen && this.#conversation.line === "open") {
      this.#frame.announce(this.#say("unread", { n: this.#conversation.transcript.unread }));
    }
  }

  standing() {
    const { standing } = this.#conversation;
    this.#frame.standing(standing);
    const can = standing?.can ?? [];
    const ends = this.#conversation.transcript.isBegun && !this.#conversation.isEnded ? ["end"] : [];
    const offered = ["callback", "message", "transcript"].filter((name) => can.includes(name));
    this.#frame.choices([...offered, ...ends]);
    this.#foot.update();
    const news = newsOf(standing);
    if (news !== this.#news && this.isOpen) {
      this.#frame.announce(standingWords(standing, this.#say, this.#config.town).join(" "));
    }
    this.#news = news;
  }

  line() {
    const { line } = this.#conversation;
    this.#log.isLive = line === "open";
    const isOffline = line === "offline";
    const isShown = isOffline || line === "connecting";
    this.#frame.line(isShown ? this.#say(line) : "", isOffline);
    if (isOffline && !this.#wasOffline) this.#frame.announce(this.#say("offline"));
    if (line === "open" && this.#wasOffline) this.#frame.announce(this.#say("online"));
    if (line !== "connecting") this.#wasOffline = isOffline;
    this.read();
  }

  typing(name) {
    const who = name ?? this.#config.town;
    this.#log.typing(who);
    if (this.#mayAnnounceTyping && this.isOpen) this.#frame.announce(this.#say("typing", { name: who }));
    this.#mayAnnounceTyping = false;
  }

  restarted() {
    this.#log.note(this.#say("restarted"));
    this.standing();
  }

  cleared() {
    this.#log.clear();
    this.#intro.node.hidden = false;
    this.#foot.clear();
    if (this.isOpen) this.#conversation.start();
    this.standing();
    this.read();
  }

  read() {
    const isSeen = this.isOpen && !document.hidden;
    if (isSeen) this.#conversation.transcript.markRead();
    if (this.#conversation.line === "connecting") return; // old ones are still coming
    const count = isSeen ? 0 : this.#conversation.transcript.unread;
    this.#frame.unread(count);
    const title = document.title.replace(COUNTED, "");
    const counted = count ? `(${count}) ${title}` : title;
    if (document.title !== counted) document.title = counted;
  }

  // --- what the resident does ---

  /** Who one is goes with what is said first: it is stored with it, or not at all. */
  #begin(say) {
    const contact = this.#intro.node.hidden ? {} : this.#intro.contact();
    if (!contact) return false;
    const isGiven = contact.name || contact.email;
    if (isGiven) this.#log.note(this.#say("did_contact", contact));
    say(isGiven ? contact : undefined);
    return true;
  }

  #change({ key, activity }) {
    this.#conversation.withdraw(key);
    this.#log.remove(key);
    this.#intro.node.hidden = this.#conversation.transcript.isBegun;
    const { name, value, text } = activity;
    if (name) this.#foot.openForm(name.replace("townline/", ""), value);
    else this.#foot.putBack(text ?? "");
  }

  #offerAnswers() {
    const last = this.#conversation.transcript.all.at(-1);
    this.#foot.composer.offer((!last?.isMine && last?.activity.suggestedActions?.actions) || []);
  }
}
