/** The short forms of the chat: call me back, leave a message, a copy, the survey, the end. */
import { button, el } from "./dom.js";
import { areRight, choiceField, scoreField, textField } from "./fields.js";

const NAME = { id: "name", label: "name", completes: "name" };
const EMAIL = { id: "email", label: "email", type: "email", completes: "email", isNeeded: true };
const NUMBER = { id: "number", label: "number", type: "tel", completes: "tel", isNeeded: true };
const TIME = { id: "starts", label: "time", none: "soon" };
const TEXT = { id: "text", label: "write", type: "long", isNeeded: true };
const OPINION = { id: "text", label: "survey_text", type: "long" };

/** Fields by the name of the form; its texts are named after it. */
const FIELDS = {
  callback: [NUMBER, TIME],
  message: [TEXT, NAME, EMAIL],
  transcript: [EMAIL],
  survey: ["score", OPINION],
  end: [],
};

/**
 * @typedef {"callback"|"message"|"transcript"|"survey"|"end"} FormName
 * @typedef {{send: (values: Record<string, any>) => void, cancel: (() => void)|null}} FormActs
 */

/**
 * Make a form; what it sends is the value of the event `townline/{name}`.
 * @param {FormName} name
 * @param {import("./speech.js").Say} say
 * @param {FormActs} acts
 * @param {Record<string, string>} values what is filled in already
 * @param {boolean} isClosed the town is
 * @param {{starts: string, label: string}[]} [times] when the resident may be called back
 * @returns {HTMLFormElement}
 */
export function makeForm(name, say, acts, values, isClosed, times = []) {
  const asked = FIELDS[name].filter((about) => about !== TIME || times.length);
  const fields = asked.map((about) =>
    about === "score"
      ? { id: about, ...scoreField(say, about, "survey", "survey_low") }
      : { id: about.id, ...(about === TIME ? choiceField(say, about, times) : textField(say, about, values[about.id])) },
  );
  const why = isClosed && name === "callback" ? "callback_closed" : `${name}_why`;
  const hasTitle = name !== "survey"; // the question is its title
  const submit = (event) => {
    event.preventDefault();
    if (areRight(fields)) acts.send(Object.fromEntries(fields.map((each) => [each.id, valueOf(each)])));
  };
  const send = el("button", { type: "submit", class: "main" }, say(name === "end" ? "end" : `${name}_send`));
  const cancel = acts.cancel && button(say("cancel"), acts.cancel);
  return el(
    "form",
    { class: "form", novalidate: true, onsubmit: submit, "aria-label": say(name) },
    hasTitle && el("h3", { tabindex: -1 }, say(name)),
    hasTitle && el("p", {}, say(why)),
    fields.map(({ node }) => node),
    el("div", { class: "row" }, send, cancel),
  );
}

function valueOf({ id, value }) {
  return id === "score" ? Number(value()) : value();
}
