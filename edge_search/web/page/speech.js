// Spoken answers, for those who can't read the screen. Only voices that live on this machine: nothing said leaves it.

import { language, onChange } from "./language.js";

let on = false;

/** Whether this machine has a voice of its own for the language. */
export function hasVoice() {
  return voice() !== null;
}

/** Turn speech on or off; returns what it is now. */
export function setSpeech(wanted) {
  on = wanted;
  if (!on) hush();
  return on;
}

/** Whether answers are spoken. */
export function speaks() {
  return on;
}

/** Say something, if speech is on and there is a local voice. What was being said stops. */
export function speak(words) {
  if (!on || !words) return;
  const chosen = voice();
  if (chosen === null) return;
  hush();
  const utterance = new SpeechSynthesisUtterance(words);
  utterance.voice = chosen;
  utterance.lang = chosen.lang;
  window.speechSynthesis.speak(utterance);
}

/** Be silent now. */
export function hush() {
  window.speechSynthesis?.cancel();
}

function voice() {
  const voices = window.speechSynthesis?.getVoices() ?? [];
  const code = language();
  return voices.find((one) => one.localService && one.lang.replace("_", "-").split("-")[0] === code) ?? null;
}

onChange(hush);
