/** What the softphone needs of a carrier's library: the part of Twilio's Voice SDK that it uses. */

export interface Talk {
  accept(): void;
  reject(): void;
  disconnect(): void;
  mute(isMuted: boolean): void;
  sendDigits(digits: string): void;
  on(event: "accept" | "cancel" | "disconnect" | "reject", heard: () => void): unknown;
  on(event: "error", heard: (error: Trouble) => void): unknown;
}

/** An error of the library, or of the browser below it. */
export interface Trouble {
  readonly code?: number;
  readonly name?: string;
}

export interface Device {
  register(): Promise<void>;
  updateToken(token: string): void;
  destroy(): void;
  on(event: "registered" | "registering" | "unregistered" | "tokenWillExpire", heard: () => void): unknown;
  on(event: "incoming", heard: (talk: Talk) => void): unknown;
  on(event: "error", heard: (error: Trouble) => void): unknown;
}

/** Makes a device; `lost` is called when the microphone in use has gone. */
export type MakeDevice = (token: string, lost: () => void) => Device;
