// A keyboard on the screen, for kiosks that have none: Chromium's full-screen mode brings none of its own. Phones and
// desks have theirs, so it shows only where the launcher asked for it (`/?kiosk`).

import { el } from "./element.js";
import { icon } from "./icon.js";
import { label, language, draw, say } from "./language.js";

const ROWS = {
  en: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm-"],
  es: ["1234567890", "qwertyuiop", "asdfghjklñ", "zxcvbnmáéíóú"],
  de: ["1234567890ß", "qwertzuiopü", "asdfghjklöä", "yxcvbnm-"],
  fr: ["1234567890", "azertyuiop", "qsdfghjklm", "wxcvbnéèàçê"],
};

/** Whether this page runs in a kiosk without a keyboard. */
export function isKiosk() {
  return new URLSearchParams(window.location.search).has("kiosk");
}

/** The keyboard of a field, or nothing where the machine brings its own. */
export function keyboardFor(field) {
  if (!isKiosk()) return null;
  field.inputMode = "none";
  const type = (key) => {
    field.setRangeText(key, field.selectionStart ?? field.value.length, field.selectionEnd ?? field.value.length, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  const erase = () => {
    const end = field.selectionEnd ?? field.value.length;
    const start = field.selectionStart === end ? Math.max(0, end - 1) : field.selectionStart;
    field.setRangeText("", start, end, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  // The field keeps the focus and its cursor while keys are touched.
  const hold = (event) => event.preventDefault();
  const key = (char) => el("button", { class: "key", tabindex: "-1", on: { pointerdown: hold, click: () => type(char) } }, char);
  const paint = (node) => {
    const rows = ROWS[language()] ?? ROWS.en;
    node.replaceChildren(...rows.map((row) => el("div", { class: "keys" }, ...[...row].map(key))),
      el("div", { class: "keys" },
        say(el("button", { class: "key key-space", tabindex: "-1", on: { pointerdown: hold, click: () => type(" ") } }), "keyboard.space"),
        label(el("button", { class: "key key-wide", tabindex: "-1", on: { pointerdown: hold, click: erase } }, icon("erase")), "keyboard.erase")));
  };
  return draw(el("div", { class: "keyboard", role: "group" }), paint);
}
