// A keyboard on the screen, for kiosks that have none: Chromium's full-screen mode brings none of its own. Phones and
// desks have theirs, so it shows only on a kiosk, while a field has the focus.

import { el, fill } from "./element.js";
import { icon } from "./icon.js";
import { isKiosk } from "./kiosk.js";
import { draw, label, language, say } from "./language.js";

const ROWS = {
  en: ["1234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm"],
  es: ["1234567890", "qwertyuiop", "asdfghjklñ", "zxcvbnmáéíóú"],
  de: ["1234567890ß", "qwertzuiopü", "asdfghjklöä", "yxcvbnm"],
  fr: ["1234567890", "azertyuiop", "qsdfghjklm", "wxcvbnéèàçê"],
};
const SIGNS = ".,-_%&/";
const FIELDS = 'input[type="text"], input[type="search"], input[type="password"]';

let field = null;
let large = false;

/** From now on the keyboard comes with the focus, where this is a kiosk. A field with keys of its own says so. */
export function startKeyboard() {
  if (!isKiosk()) return;
  const board = el("div", { id: "keyboard", class: "keyboard", role: "group", hidden: true });
  label(board, "keyboard.label");
  draw(board, paint);
  document.body.append(board);
  document.addEventListener("focusin", ({ target }) => {
    field = target.matches?.(FIELDS) && !target.hasAttribute("data-own-keys") ? target : null;
    if (field) field.inputMode = "none";
    board.hidden = field === null;
    document.body.classList.toggle("has-keyboard", field !== null);
    field?.scrollIntoView({ block: "nearest" });
  });
}

function paint(board) {
  const rows = [...(ROWS[language()] ?? ROWS.en), SIGNS];
  const keys = rows.map((row) => el("div", { class: "keys" }, ...[...row].map((char) => key(el("span", { text: shown(char) }), () => {
    write(shown(char));
    if (large) turn(board);
  }))));
  const shift = key(icon("shift"), () => turn(board), "key-wide");
  shift.setAttribute("aria-pressed", String(large));
  const done = key(icon("check"), () => field?.blur(), "key-wide");
  done.addEventListener("click", () => {
    board.hidden = true;
    document.body.classList.remove("has-keyboard");
  });
  keys.at(-1).prepend(label(shift, "keyboard.shift"));
  keys.at(-1).append(label(key(icon("erase"), erase, "key-wide"), "keyboard.erase"));
  fill(board, ...keys, el("div", { class: "keys" },
    key(say(el("span"), "keyboard.space"), () => write(" "), "key-space"), label(done, "keyboard.done")));
}

function turn(board) {
  large = !large;
  paint(board);
}

function shown(char) {
  return large && char !== "ß" ? char.toLocaleUpperCase(language()) : char;
}

function key(content, act, kind = "") {
  // The field keeps the focus and its cursor while keys are touched.
  const hold = (event) => event.preventDefault();
  return el("button", { class: `key ${kind}`, tabindex: "-1", on: { pointerdown: hold, mousedown: hold, click: act } }, content);
}

function write(text) {
  put(text, field.selectionStart, field.selectionEnd);
}

function erase() {
  const { selectionStart: start, selectionEnd: end } = field;
  put("", start === end ? Math.max(0, start - 1) : start, end);
}

function put(text, start, end) {
  field.setRangeText(text, start, end, "end");
  field.dispatchEvent(new Event("input", { bubbles: true }));
}
