// A row or grid of products to choose from.

import { el } from "./element.js";
import { evidenceLine } from "./evidence.js";
import { icon } from "./icon.js";
import { say } from "./language.js";
import { money, moneyRange } from "./money.js";
import { picture } from "./product.js";
import { commonTitle } from "./variants.js";

/**
 * Make a list of products.
 *
 * @param {object[]} hits
 * @param {{onChoose: function(object): void, large?: boolean, choice?: boolean}} options `choice`: the shopper is asked
 *   for one of them, and what speaks for each is said.
 */
export function hitList(hits, { onChoose, large = false, choice = false }) {
  const kind = choice ? "hits is-large is-choice" : large ? "hits is-large" : "hits";
  return el("ul", { class: kind, role: "list" },
    ...hits.map((hit) => el("li", {}, card(hit, onChoose, choice))));
}

/** Grey places for products that are on their way. */
export function hitSkeleton(count) {
  return el("ul", { class: "hits is-waiting", "aria-hidden": "true" },
    ...Array.from({ length: count }, () => el("li", {}, el("div", { class: "card" }, el("div", { class: "picture" }),
      el("span", { class: "card-title" }), el("span", { class: "card-facts" })))));
}

function card(hit, onChoose, choice) {
  const variants = hit.variants ?? [];
  const several = variants.length > 1;
  const facts = el("span", { class: "card-facts" });
  if (several) {
    facts.append(say(el("strong"), () => moneyRange(variants.map((one) => one.price), hit.currency)));
    facts.append(say(el("span"), "variants.count", { count: variants.length }));
  } else {
    if (typeof hit.price === "number") facts.append(say(el("strong"), () => money(hit.price, hit.currency)));
    if (hit.stock === 0) facts.append(say(el("span", { class: "card-gone" }), "product.gone"));
  }
  if (choice && hit.evidence) facts.append(evidenceLine(hit.evidence));
  return el("button", { class: "card", "data-sku": hit.sku, on: { click: () => onChoose(hit) } },
    picture(hit),
    el("span", { class: "card-title", text: several ? commonTitle(variants) : hit.title }), facts,
    hit.location ? el("span", { class: "card-place" }, icon("pin"), el("span", { text: hit.location })) : null);
}
