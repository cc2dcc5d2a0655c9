// One product that the shopper chose from a list.

import { announce } from "./announce.js";
import { backButton } from "./back.js";
import { el } from "./element.js";
import { say } from "./language.js";
import { productView, spoken } from "./product.js";
import { present } from "./visit.js";
import { ways } from "./ways.js";

/** Make the screen of one product; the shopper's photo stands beside it where its details agree. */
export function detailScreen(hit, told) {
  const photoUrl = hit.evidence ? present().photoUrl : null;
  const view = productView(hit, { photoUrl, onLike: told.onLike, heading: "h1" });
  return {
    name: "product", title: "product.title",
    element: el("div", { class: "page" }, el("div", { class: "page-head" }, backButton(told.onBack), say(el("p", { class: "page-name" }), "product.title")),
      view, ways(told)),
    enter: () => announce(spoken(hit)),
  };
}
