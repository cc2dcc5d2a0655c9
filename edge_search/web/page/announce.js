// Tells a screen reader what changed without moving the focus, and says it aloud where speech is on.

import { speak } from "./speech.js";

/** Announce a sentence politely. */
export function announce(words) {
  const live = document.getElementById("live");
  live.textContent = "";
  // A region that gets the same words again says nothing: empty it first, fill it in the next frame.
  requestAnimationFrame(() => {
    live.textContent = words;
  });
  speak(words);
}
