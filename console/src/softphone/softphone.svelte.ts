/** The browser as the agent's telephone: ready, ringing, talking; and what keeps it from that. */

import type { PassView } from "../protocol/messages";
import type { Device, MakeDevice, Talk, Trouble } from "./line";

/** `off`: the agent has not switched it on, or has switched it off. */
export type Standing = "off" | "connecting" | "ready" | "lost";
export type Talking = "none" | "ringing" | "talking";
export type Mistake = "" | "refused" | "noMicrophone" | "microphoneLost" | "noPass" | "failed";

/** Codes of Twilio's errors that a person can do something about: 31401, 31402. */
const MISTAKES: Readonly<Record<string, Mistake>> = {
  "31401": "refused",
  "31402": "noMicrophone",
  NotAllowedError: "refused",
  NotFoundError: "noMicrophone",
};

export interface Surroundings {
  load: () => Promise<MakeDevice>;
  pass: () => Promise<PassView>;
  /** Asks the browser for the microphone; rejected as the browser does. */
  microphone: () => Promise<void>;
}

export class Softphone {
  standing = $state<Standing>("off");
  talking = $state<Talking>("none");
  isMuted = $state(false);
  mistake = $state<Mistake>("");

  readonly #around: Surroundings;
  #device: Device | null = null;
  #talk: Talk | null = null;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  /** Fetch the library, ask for the microphone, and let the carrier ring here. */
  async switchOn(): Promise<void> {
    if (this.standing !== "off") return;
    this.standing = "connecting";
    this.mistake = "";
    try {
      await this.#around.microphone();
      const [make, pass] = await Promise.all([this.#around.load(), this.#around.pass()]);
      if (this.standing !== "connecting") return; // switched off meanwhile
      const device = make(pass.token, () => this.#complain("microphoneLost"));
      this.#device = device;
      this.#listen(device);
      await device.register();
    } catch (error) {
      this.switchOff();
      this.#complain(mistakeOf(error as Trouble));
    }
  }

  /** Nothing rings here any more; a talk ends. */
  switchOff(): void {
    this.#device?.destroy();
    this.#device = null;
    this.#end();
    this.standing = "off";
  }

  answer(): void {
    this.#talk?.accept();
  }

  refuse(): void {
    this.#talk?.reject();
  }

  hangUp(): void {
    this.#talk?.disconnect();
  }

  press(key: string): void {
    this.#talk?.sendDigits(key);
  }

  mute(): void {
    if (this.#talk === null) return;
    this.isMuted = !this.isMuted;
    this.#talk.mute(this.isMuted);
  }

  #listen(device: Device): void {
    device.on("registering", () => (this.standing = "connecting"));
    device.on("registered", () => (this.standing = "ready"));
    device.on("unregistered", () => {
      if (device === this.#device) this.standing = "lost";
    });
    device.on("tokenWillExpire", () => void this.#renew(device));
    device.on("incoming", (talk) => this.#ring(talk));
    device.on("error", (error) => this.#complain(mistakeOf(error)));
  }

  async #renew(device: Device): Promise<void> {
    try {
      const pass = await this.#around.pass();
      if (device === this.#device) device.updateToken(pass.token);
    } catch {
      this.#complain("noPass");
    }
  }

  #ring(talk: Talk): void {
    if (this.#talk !== null) {
      talk.reject(); // one telephone, one talk
      return;
    }
    this.#talk = talk;
    this.talking = "ringing";
    talk.on("accept", () => (this.talking = "talking"));
    const over = (): void => {
      if (talk === this.#talk) this.#end();
    };
    talk.on("cancel", over);
    talk.on("disconnect", over);
    talk.on("reject", over);
    talk.on("error", (error) => this.#complain(mistakeOf(error)));
  }

  #end(): void {
    this.#talk = null;
    this.talking = "none";
    this.isMuted = false;
  }

  #complain(mistake: Mistake): void {
    this.mistake = mistake;
  }
}

function mistakeOf(error: Trouble): Mistake {
  return MISTAKES[String(error.code)] ?? MISTAKES[error.name ?? ""] ?? "failed";
}
