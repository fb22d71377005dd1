/** Fields of forms: label, control, and a complaint beside the control that screen readers connect. */
import { el, fill } from "./dom.js";

/** @typedef {{node: HTMLElement, control: HTMLElement, value: () => string, complaint: () => string}} Field */

const CHECKS = {
  email: (text) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(text) ? "" : "not_email"),
  tel: (text) => (/^\+?[\d\s().-]{7,20}$/.test(text) ? "" : "not_number"),
};
const SCORES = [1, 2, 3, 4, 5];

/**
 * A field of one line or more.
 * @param {import("./speech.js").Say} say
 * @param {{id: string, label: string, type?: string, completes?: string, isNeeded?: boolean}} about
 * @param {string} [value]
 * @returns {Field}
 */
export function textField(say, { id, label, type = "text", completes, isNeeded }, value = "") {
  const control = el(type === "long" ? "textarea" : "input", {
    id,
    type: type !== "long" && type,
    rows: type === "long" && 3,
    autocomplete: completes ?? "off",
    required: isNeeded,
    dir: type === "tel" || type === "email" ? "ltr" : "auto",
  });
  control.value = value;
  const text = () => western(control.value.trim());
  const complaint = () => {
    if (!text()) return isNeeded ? "missing" : "";
    return CHECKS[type]?.(text()) ?? "";
  };
  const caption = el("label", { for: id }, say(label));
  return complaining(say, el("div", { class: "field" }, caption, control), control, text, complaint);
}

/**
 * One of several; the first stands for none of them.
 * @param {import("./speech.js").Say} say
 * @param {{id: string, label: string, none: string}} about
 * @param {{starts: string, label: string}[]} choices
 * @returns {Field}
 */
export function choiceField(say, { id, label, none }, choices) {
  const options = [{ starts: "", label: say(none) }, ...choices];
  const control = el("select", { id }, options.map((each) => el("option", { value: each.starts }, each.label)));
  const node = el("div", { class: "field" }, el("label", { for: id }, say(label)), control);
  return { node, control, value: () => control.value, complaint: () => "" };
}

/** One number from 1 to 5. @param {import("./speech.js").Say} say @returns {Field} */
export function scoreField(say, id, label, help) {
  const radio = (score) =>
    el("label", { class: "score" }, el("input", { type: "radio", name: id, value: score }), score);
  const scores = el("div", { class: "scores" }, SCORES.map(radio));
  const legend = el("legend", {}, say(label));
  const node = el("fieldset", { class: "field", id, role: "radiogroup" }, legend, el("p", {}, say(help)), scores);
  const value = () => node.querySelector(":checked")?.value ?? "";
  const complaint = () => (value() ? "" : "not_chosen");
  return complaining(say, node, node.querySelector("input"), value, complaint);
}

/**
 * Show what is wrong with these fields and put the focus on the first of them.
 * @param {Field[]} fields
 * @returns {boolean} nothing is wrong
 */
export function areRight(fields) {
  const wrong = fields.filter((field) => field.complaint());
  wrong[0]?.control.focus();
  return wrong.length === 0;
}

/** Numerals of Arabic keyboards, as the ones that telephones have. */
function western(text) {
  return text.replace(/[٠-٩]/g, (digit) => String(digit.charCodeAt(0) - 0x660));
}

function complaining(say, node, control, value, complaint) {
  const marked = control.id ? control : node; // one of several radio buttons is not wrong by itself
  const id = `${marked.id}-wrong`;
  const place = el("p", { id, class: "wrong" });
  node.append(place);
  marked.setAttribute("aria-describedby", id);
  return {
    node,
    control,
    value,
    complaint: () => {
      const key = complaint();
      fill(place, key && say(key));
      marked.setAttribute("aria-invalid", String(key !== ""));
      return key;
    },
  };
}
