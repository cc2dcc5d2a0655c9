// The line to the box. When the box restarts, the page stays, says "one moment", and goes on by itself.

import { fill } from "./element.js";
import { icon } from "./icon.js";
import { say } from "./language.js";
import { el } from "./element.js";

const FIRST_MS = 400;
const LONGEST_MS = 5000;

let waiting = null;
let busyUntil = 0;
const returned = new Set();

/** Be told each time the box is back. */
export function onReturn(tell) {
  returned.add(tell);
}

/** Whether the box is out of reach now. */
export function isLost() {
  return waiting !== null;
}

/** The box didn't answer: wait, asking again with growing pauses, until it is ready. All callers share one wait. */
export function untilReady() {
  waiting ??= ask().finally(() => {
    waiting = null;
    show(null);
    for (const tell of returned) tell();
  });
  return waiting;
}

/** The box has too much to do: say so for that long. */
export function busy(ms) {
  busyUntil = Math.max(busyUntil, performance.now() + ms);
  if (!isLost()) show("link.busy");
  setTimeout(() => {
    if (!isLost() && performance.now() >= busyUntil - 20) show(null);
  }, ms);
}

async function ask() {
  show("link.lost");
  for (let pause = FIRST_MS; ; pause = Math.min(pause * 1.6, LONGEST_MS)) {
    await new Promise((go) => setTimeout(go, pause * (0.8 + Math.random() * 0.4)));
    try {
      const answer = await fetch("/readyz", { cache: "no-store", signal: AbortSignal.timeout(LONGEST_MS) });
      if (answer.ok) return;
    } catch {
      // Still away; the next round asks again.
    }
  }
}

function show(key) {
  const place = document.getElementById("link");
  place.hidden = key === null;
  fill(place, ...(key === null ? [] : [icon("pulse"), say(el("span"), key)]));
}
