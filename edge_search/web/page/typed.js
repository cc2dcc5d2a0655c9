// Type the name: products by their words.

import { Problem, get } from "./api.js";
import { backButton } from "./back.js";
import { el, fill } from "./element.js";
import { hitList, hitSkeleton } from "./hits.js";
import { icon } from "./icon.js";
import { label, say } from "./language.js";
import { troubleKey } from "./trouble.js";

const PAUSE_MS = 180;
const SHOWN = 24;

/** A search field that lists products while it is typed in; used by shoppers and, to name a product, by staff. */
export function productFinder({ onChoose, onEmpty = () => null }) {
  const field = el("input", { type: "search", id: "name", autocomplete: "off", autocapitalize: "off", spellcheck: "false",
    enterkeyhint: "search", class: "field-large" });
  label(field, "typed.field");
  label(field, "typed.example", {}, "placeholder");
  const found = el("div", { class: "typed-found" });
  const status = el("p", { class: "quiet", role: "status" });
  let round = 0;
  let timer = null;
  field.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(look, PAUSE_MS);
  });
  field.addEventListener("keydown", (event) => {
    if (event.key === "Enter") look();
  });

  async function look() {
    clearTimeout(timer);
    const mine = (round += 1);
    const q = field.value.trim();
    if (!q) {
      fill(found);
      fill(status);
      return;
    }
    if (!found.firstChild) fill(found, hitSkeleton(6));
    try {
      const { products } = await get("/v1/products", { q, limit: SHOWN });
      if (mine !== round) return;
      fill(found, products.length ? hitList(products, { onChoose }) : onEmpty(q));
      say(status, "typed.count", { count: products.length });
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(found);
      say(status, troubleKey(error));
    }
  }
  return { field, element: el("div", { class: "typed" }, el("div", { class: "field-row" }, icon("keyboard"), field),
    status, found) };
}

/** The shopper's screen for it. */
export function typedScreen({ onChoose, onBack, onAsk }) {
  const empty = () => el("button", { class: "button", on: { click: onAsk } }, icon("staff"), say(el("span"), "ways.ask"));
  const finder = productFinder({ onChoose, onEmpty: empty });
  return {
    name: "typed", title: "typed.title", focus: finder.field,
    element: el("div", { class: "page" }, el("div", { class: "page-head" }, backButton(onBack), say(el("h1"), "typed.title")),
      finder.element),
  };
}
