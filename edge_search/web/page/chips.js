// Category chips: the same photo, looked for in one part of the shop.

import { el } from "./element.js";
import { say } from "./language.js";

const SHOWN = 12;

/**
 * Make the chips.
 *
 * @param {{near: string[], all: string[], chosen: string, choose: function(string): void}} options `near`: categories
 *   of the hits, which come first.
 */
export function chips({ near, all, chosen, choose }) {
  const names = [...new Set([...(chosen ? [chosen] : []), ...near, ...all])].slice(0, SHOWN);
  if (names.length < 2) return null;
  const chip = (name, content) => {
    const button = el("button", { class: "chip", "aria-pressed": String(name === chosen), "data-category": name });
    button.addEventListener("click", () => {
      if (name !== chosen) choose(name);
    });
    if (content) button.textContent = content;
    else say(button, "chips.all");
    return button;
  };
  return el("nav", { class: "chips", "aria-labelledby": "chips-title" },
    say(el("h2", { id: "chips-title", class: "unseen" }), "chips.title"),
    el("div", { class: "chips-row" }, chip("", null), ...names.map((name) => chip(name, name))));
}
