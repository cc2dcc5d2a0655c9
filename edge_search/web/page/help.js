// Ask staff: what to show them, large enough to be read from the other side of the counter.

import { announce } from "./announce.js";
import { backButton } from "./back.js";
import { el } from "./element.js";
import { icon } from "./icon.js";
import { label, say, text } from "./language.js";
import { present } from "./visit.js";

/** Make the screen. */
export function helpScreen({ onBack, onRetake }) {
  const { photoUrl, answer } = present();
  const nearest = answer?.hits[0];
  const photo = photoUrl ? label(el("img", { src: photoUrl }), "answer.photo", {}, "alt") : null;
  return {
    name: "help", title: "help.title",
    element: el("div", { class: "page help" },
      el("div", { class: "page-head" }, backButton(onBack), say(el("h1"), "help.title")),
      say(el("p", { class: "lead" }), photo ? "help.text" : "help.text_plain"),
      photo ? el("figure", { class: "help-photo" }, photo) : null,
      nearest ? el("p", { class: "quiet" }, say(el("span"), "help.nearest"), " ", el("span", { text: `${nearest.title} (${nearest.sku})` })) : null,
      el("button", { class: "button", "data-act": "retake", on: { click: onRetake } }, icon("camera"), say(el("span"), "ways.retake"))),
    enter: () => announce(text(photo ? "help.text" : "help.text_plain")),
  };
}
