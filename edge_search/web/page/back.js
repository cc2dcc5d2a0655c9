// One screen back.

import { el } from "./element.js";
import { icon } from "./icon.js";
import { label } from "./language.js";

/** The button that leads one screen back. */
export function backButton(onBack) {
  return label(el("button", { class: "icon-button", "data-act": "back", on: { click: onBack } }, icon("back")), "bar.back");
}
