// Nobody there any more: ask, wait, start over. The wait can be made longer, as often as wanted (WCAG 2.2.1).

import { el, fill } from "./element.js";
import { say, text } from "./language.js";
import { announce } from "./announce.js";

const WARNING_S = 20;
const SIGNS = ["pointerdown", "keydown", "wheel", "touchmove", "input"];

let works = 0;

/** While this runs, somebody waits for it: that is no silence. Gives the promise back. */
export function working(promise) {
  works += 1;
  return promise.finally(() => {
    works -= 1;
  });
}

/**
 * Watch for silence.
 *
 * @param {{seconds: function(): number, waits: function(): boolean, over: function(): void}} rules `seconds` of
 *   silence until the warning; `waits`: whether there is anything to forget; `over`: what ends the visit.
 */
export function watchIdle({ seconds, waits, over }) {
  let last = performance.now();
  let warning = null;
  const awake = () => {
    if (warning === null) last = performance.now();
  };
  for (const sign of SIGNS) document.addEventListener(sign, awake, { capture: true, passive: true });
  setInterval(() => {
    if (warning !== null) return warning.tick();
    if (works > 0 || !waits()) awake();
    if (performance.now() - last >= seconds() * 1000) {
      warning = warn((stays) => {
        warning = null;
        awake();
        if (!stays) over();
      });
    }
    return undefined;
  }, 250);
}

function warn(done) {
  const end = performance.now() + WARNING_S * 1000;
  const before = document.activeElement;
  const count = el("p", { class: "idle-count", "aria-hidden": "true" });
  const close = (stays) => {
    dialog.close();
    dialog.remove();
    if (stays && before instanceof HTMLElement && before.isConnected) before.focus();
    done(stays);
  };
  const stay = say(el("button", { class: "button button-main", on: { click: () => close(true) } }), "idle.stay");
  const leave = say(el("button", { class: "button", on: { click: () => close(false) } }), "idle.leave");
  const heading = say(el("h2", { id: "idle-title" }), "idle.title");
  const words = say(el("p"), "idle.text", { count: WARNING_S });
  const dialog = el("dialog", { class: "dialog idle", "aria-labelledby": "idle-title" }, heading, words, count,
    el("div", { class: "row" }, stay, leave));
  // Any key or touch outside the two buttons is a sign of life as well.
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    close(true);
  });
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) close(true);
  });
  document.body.append(dialog);
  dialog.showModal();
  stay.focus();
  announce(`${text("idle.title")} ${text("idle.text", { count: WARNING_S })}`);
  return {
    tick() {
      const left = Math.ceil((end - performance.now()) / 1000);
      fill(count, String(Math.max(0, left)));
      if (left <= 0) close(false);
    },
  };
}
