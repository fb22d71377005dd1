import { beforeEach, expect, it } from "vitest";

import type { Device, MakeDevice, Talk, Trouble } from "./line";
import { Softphone } from "./softphone.svelte";

type Heard = (said?: unknown) => void;

/** A stand-in for the carrier's library: it does what it is told and says so. */
class Stand {
  readonly done: string[] = [];
  readonly #heard = new Map<string, Heard>();

  on(event: string, heard: Heard): void {
    this.#heard.set(event, heard);
  }

  say(event: string, said?: unknown): void {
    this.#heard.get(event)?.(said);
  }
}

class StandTalk extends Stand {
  accept = (): void => this.#do("accept");
  reject = (): void => this.#do("reject");
  disconnect = (): void => this.#do("disconnect");
  mute = (is: boolean): void => void this.done.push(`mute ${is}`);
  sendDigits = (keys: string): void => void this.done.push(`keys ${keys}`);

  #do(what: string): void {
    this.done.push(what);
    this.say(what);
  }
}

class StandDevice extends Stand {
  fails: Trouble | null = null;
  lost: () => void = () => undefined;
  register = (): Promise<void> => {
    if (this.fails !== null) return Promise.reject(this.fails);
    this.say("registered");
    return Promise.resolve();
  };
  updateToken = (token: string): void => void this.done.push(`token ${token}`);
  destroy = (): void => void this.done.push("destroy");
}

let device: StandDevice;
let loads: number;
let passes: number;

beforeEach(() => {
  device = new StandDevice();
  loads = 0;
  passes = 0;
});

function phone(changes: object = {}): Softphone {
  const make: MakeDevice = (token, lost) => {
    device.done.push(`made ${token}`);
    device.lost = lost;
    return device as unknown as Device;
  };
  return new Softphone({
    load: () => {
      loads += 1;
      return Promise.resolve(make);
    },
    pass: () => Promise.resolve({ token: `T${++passes}`, identity: "amina", expires_at: "" }),
    microphone: () => Promise.resolve(),
    ...changes,
  });
}

async function ringing(): Promise<[Softphone, StandTalk]> {
  const made = phone();
  await made.switchOn();
  const talk = new StandTalk();
  device.say("incoming", talk as unknown as Talk);
  return [made, talk];
}

it("fetches nothing before it is switched on, and once then", async () => {
  const made = phone();
  expect([loads, passes, made.standing]).toEqual([0, 0, "off"]);
  await Promise.all([made.switchOn(), made.switchOn()]);
  expect([loads, passes, made.standing]).toEqual([1, 1, "ready"]);
  expect(device.done).toEqual(["made T1"]);
});

it("rings, is answered, presses a key, is muted, hangs up", async () => {
  const [made, talk] = await ringing();
  expect(made.talking).toBe("ringing");
  made.answer();
  expect(made.talking).toBe("talking");
  made.press("1");
  made.mute();
  expect(made.isMuted).toBe(true);
  made.mute();
  made.hangUp();
  expect(talk.done).toEqual(["accept", "keys 1", "mute true", "mute false", "disconnect"]);
  expect([made.talking, made.isMuted, made.standing]).toEqual(["none", false, "ready"]);
});

it("stops ringing when the caller gives up or it is refused", async () => {
  const [made, talk] = await ringing();
  talk.say("cancel");
  expect(made.talking).toBe("none");
  const next = new StandTalk();
  device.say("incoming", next);
  made.refuse();
  expect([made.talking, next.done]).toEqual(["none", ["reject"]]);
});

it("takes one call at a time", async () => {
  const [made, talk] = await ringing();
  made.answer();
  const second = new StandTalk();
  device.say("incoming", second);
  expect(second.done).toEqual(["reject"]);
  expect(made.talking).toBe("talking");
  second.say("disconnect");
  expect(made.talking).toBe("talking");
  talk.say("disconnect");
  expect(made.talking).toBe("none");
});

it("says when the microphone is refused, is not there, or goes away", async () => {
  const refused = phone({ microphone: () => Promise.reject({ name: "NotAllowedError" }) });
  await refused.switchOn();
  expect([refused.standing, refused.mistake, loads]).toEqual(["off", "refused", 0]);
  const [made, talk] = await ringing();
  talk.say("error", { code: 31402 });
  expect(made.mistake).toBe("noMicrophone");
  device.lost();
  expect(made.mistake).toBe("microphoneLost");
});

it("gets a new pass before the old one ends, and says when there is none", async () => {
  let isThere = true;
  const made = phone({
    pass: () =>
      isThere
        ? Promise.resolve({ token: `T${++passes}`, identity: "amina", expires_at: "" })
        : Promise.reject(new Error("gone")),
  });
  await made.switchOn();
  device.say("tokenWillExpire");
  await Promise.resolve();
  expect(device.done).toEqual(["made T1", "token T2"]);
  isThere = false;
  device.say("tokenWillExpire");
  await new Promise((done) => setTimeout(done));
  expect([made.mistake, made.standing]).toEqual(["noPass", "ready"]);
});

it("shows that the carrier is lost and found again, and goes off when it does not begin", async () => {
  const made = phone();
  await made.switchOn();
  device.say("unregistered");
  expect(made.standing).toBe("lost");
  device.say("registered");
  expect(made.standing).toBe("ready");
  made.switchOff();
  device.say("unregistered");
  expect([made.standing, device.done.at(-1)]).toEqual(["off", "destroy"]);
  device.fails = { code: 31000 };
  await made.switchOn();
  expect([made.standing, made.mistake]).toEqual(["off", "failed"]);
});
