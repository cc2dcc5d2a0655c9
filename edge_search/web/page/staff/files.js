// A list of files that can be unfolded: what was skipped, and why.

import { el } from "../element.js";
import { say } from "../language.js";

const SHOWN = 200;

/** Make the list of `[path, word]` pairs; nothing where there are none. */
export function fileList(key, pairs) {
  if (pairs.length === 0) return null;
  const rows = pairs.slice(0, SHOWN).map(([path, word]) => el("li", {}, el("code", { text: path }), el("span", { class: "quiet", text: word ?? "" })));
  const rest = pairs.length > SHOWN ? say(el("p", { class: "quiet" }), "staff.files.rest", { count: pairs.length - SHOWN }) : null;
  return el("details", { class: "files" }, el("summary", {}, say(el("span"), key, { count: pairs.length })), el("ul", { role: "list" }, ...rows), rest);
}
