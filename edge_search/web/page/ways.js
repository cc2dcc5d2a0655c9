// What a shopper can do when the answer doesn't help: another photo, the name, a human.

import { el } from "./element.js";
import { icon } from "./icon.js";
import { say } from "./language.js";

/** Make the three ways on; `large` where they are the answer themselves. With `onNone` the answer can be refused. */
export function ways({ onRetake, onType, onAsk, onNone = null, large = false }) {
  const way = (name, picture, act) => el("button", { class: name === "retake" && large ? "button button-main" : "button",
    "data-act": name, on: { click: act } }, icon(picture), say(el("span"), `ways.${name}`));
  return el("div", { class: large ? "ways is-large" : "ways" },
    onNone ? way("none", "close", onNone) : null,
    way("retake", "camera", onRetake), way("type", "keyboard", onType), way("ask", "staff", onAsk));
}
