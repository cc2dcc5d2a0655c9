// One screen at a time; each takes the focus to its heading, and lets go of what it held when it leaves.

import { text } from "./language.js";

/**
 * @typedef {object} Screen
 * @property {string} name for tests and styles.
 * @property {HTMLElement} element
 * @property {string} title key of the window's title.
 * @property {HTMLElement} [focus] what is focused first; else its heading.
 * @property {function(): void} [enter] @property {function(): void} [leave]
 */

let shown = null;
let home = null;
let trail = [];
const listeners = new Set();

/** Name the screen that "back" and "start over" lead to. */
export function setHome(make) {
  home = make;
  window.addEventListener("popstate", () => {
    if (shown?.name !== "start") goHome();
  });
}

/** The screen that is shown. */
export function present() {
  return shown;
}

/** Be told of every change of screen. */
export function onShow(tell) {
  listeners.add(tell);
}

function show(screen) {
  shown?.leave?.();
  const first = shown === null;
  shown = screen;
  const stage = document.getElementById("stage");
  stage.replaceChildren(screen.element);
  stage.scrollTop = 0;
  window.scrollTo(0, 0);
  document.body.dataset.screen = screen.name;
  document.title = `${text(screen.title)} · ${document.body.dataset.shop ?? "edge-search"}`;
  // A phone's back button leads to the start, not out of the page.
  if (screen.name !== "start" && history.state?.deep !== true) history.pushState({ deep: true }, "");
  screen.enter?.();
  const target = screen.focus ?? screen.element.querySelector("h1");
  if (!first && target) {
    if (!target.matches("button, input, a, select")) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  }
  for (const tell of listeners) tell(screen);
}

/** Show a screen that "back" leads away from again. */
export function open(screen) {
  if (shown !== null) trail.push(shown);
  show(screen);
}

/** The screen before this one; the start where there is none. */
export function back() {
  const before = trail.pop();
  if (before) show(before);
  else goHome();
}

/** Show a screen instead of this one and of those it was opened from. */
export function replace(screen) {
  trail = [];
  show(screen);
}

/** Back to the start. */
export function goHome() {
  trail = [];
  show(home());
}
