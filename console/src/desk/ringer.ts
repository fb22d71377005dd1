/** Makes an offer heard: two soft tones, again and again, and a notification while the tab is hidden. */

import { preferences } from "../shell/preferences.svelte";

const AGAIN_MS = 2600;
const TONES = [
  { at: 0, hertz: 660 },
  { at: 0.22, hertz: 880 },
] as const;
const LASTS_S = 0.32;
const LOUDNESS = 0.12;

let context: AudioContext | null = null;

/** Whether the browser lets us be heard; it does after the first click or key. */
export function isMute(): boolean {
  return context !== null && context.state === "suspended";
}

/** Ring until the returned function is called. */
export function ring(): () => void {
  if (!preferences.isLoud) return () => undefined;
  chime();
  const timer = window.setInterval(chime, AGAIN_MS);
  return () => window.clearInterval(timer);
}

/** Show it outside the tab; return how to take it back. Says nothing about who it is. */
export function notify(title: string, body: string): () => void {
  if (!preferences.notifies || !document.hidden || !("Notification" in window)) {
    return () => undefined;
  }
  if (Notification.permission !== "granted") return () => undefined;
  const shown = new Notification(title, { body, tag: "townline-offer", requireInteraction: true });
  shown.onclick = () => {
    window.focus();
    shown.close();
  };
  return () => shown.close();
}

function chime(): void {
  context ??= new AudioContext();
  void context.resume();
  const begins = context.currentTime;
  for (const { at, hertz } of TONES) tone(context, begins + at, hertz);
}

function tone(sound: AudioContext, at: number, hertz: number): void {
  const source = sound.createOscillator();
  const volume = sound.createGain();
  source.frequency.value = hertz;
  volume.gain.setValueAtTime(0, at);
  volume.gain.linearRampToValueAtTime(LOUDNESS, at + 0.03);
  volume.gain.exponentialRampToValueAtTime(0.0001, at + LASTS_S);
  source.connect(volume).connect(sound.destination);
  source.start(at);
  source.stop(at + LASTS_S);
}
