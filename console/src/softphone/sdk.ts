/** Twilio's library; a file of its own, fetched only where the town has set the softphone up. */

import { Device as TwilioDevice } from "@twilio/voice-sdk";

import type { Device } from "./line";

/** Milliseconds before the end of a pass at which the next one is asked for. */
const REFRESH_MS = 60_000;

export function makeDevice(token: string, lost: () => void): Device {
  const device = new TwilioDevice(token, { closeProtection: true, tokenRefreshMs: REFRESH_MS });
  device.audio?.on("deviceChange", (gone: readonly MediaDeviceInfo[]) => {
    if (gone.some((one) => one.kind === "audioinput")) lost();
  });
  return device as unknown as Device;
}
