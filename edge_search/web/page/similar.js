// More like this: what the box finds near a product it knows.

import { Problem, get } from "./api.js";
import { announce } from "./announce.js";
import { backButton } from "./back.js";
import { el, fill } from "./element.js";
import { hitList, hitSkeleton } from "./hits.js";
import { say, text } from "./language.js";
import { troubleKey } from "./trouble.js";

const SHOWN = 12;

/** Make the screen of products near `hit`. */
export function similarScreen(hit, { onChoose, onBack }) {
  const place = el("div", { class: "similar-found" }, hitSkeleton(6));
  const status = el("p", { class: "quiet", role: "status" });
  const load = async () => {
    try {
      const { hits } = await get(`/v1/products/${encodeURIComponent(hit.sku)}/similar`, { k: SHOWN });
      fill(place, hitList(hits, { onChoose, large: true }));
      if (hits.length === 0) say(status, "similar.none");
      announce(text("similar.count", { count: hits.length }));
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      fill(place);
      say(status, troubleKey(error));
    }
  };
  let asked = false;
  return {
    name: "similar", title: "similar.title",
    element: el("div", { class: "page" },
      el("div", { class: "page-head" }, backButton(onBack), say(el("h1"), "similar.title")),
      el("p", { class: "lead", text: hit.title }), status, place),
    enter() {
      if (!asked) load();
      asked = true;
    },
  };
}
