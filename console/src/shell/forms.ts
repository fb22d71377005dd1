/** What an item came as; every page calls it the same. */

import type { Form } from "../protocol/messages";
import type { Catalogue } from "./preferences.svelte";

export const FORMS: Catalogue<Record<Form, string>> = {
  en: {
    call: "Call",
    callback: "Callback",
    message: "Message left",
    submission: "Form",
    mail: "Mail",
    chat: "Chat",
  },
  fr: {
    call: "Appel",
    callback: "Rappel",
    message: "Message laissé",
    submission: "Formulaire",
    mail: "Courriel",
    chat: "Clavardage",
  },
};
