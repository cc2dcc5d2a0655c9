// One product at a glance: picture, name, price, where it stands, how many are left. Drawn like the label on its shelf.

import { el } from "./element.js";
import { evidenceLine, photoFigure } from "./evidence.js";
import { icon } from "./icon.js";
import { draw, say, text } from "./language.js";
import { moneyRange, priceTag, money } from "./money.js";
import { commonTitle, variantChoice } from "./variants.js";

const FEW = 5;

/** The picture of a product, in a place that keeps its size while it loads. */
export function picture(hit, { eager = false } = {}) {
  const frame = el("div", { class: "picture" });
  if (!hit.image) {
    frame.append(icon("box"));
    return frame;
  }
  const image = el("img", { src: hit.image, alt: "", decoding: "async", loading: eager ? "eager" : "lazy" });
  image.addEventListener("error", () => frame.replaceChildren(icon("box")));
  frame.append(image);
  return frame;
}

/** Words about the stock and how good they are: plenty, few, gone. */
export function stockWords(stock) {
  if (stock === 0) return ["product.gone", "gone", {}];
  return stock <= FEW ? ["product.few", "few", { count: stock }] : ["product.stock", "plenty", { count: stock }];
}

/**
 * Make the large view of a product.
 *
 * @param {object} hit as the box sends it.
 * @param {{photoUrl?: ?string, onLike: function(object): void, heading?: string}} options `photoUrl`: the shopper's own
 *   photo is shown beside it, with the evidence of `hit`.
 */
export function productView(hit, { photoUrl = null, onLike, heading = "h2" }) {
  const variants = hit.variants ?? [];
  const title = el(heading, { class: "product-title", text: variants.length > 1 ? commonTitle(variants) : hit.title });
  const kind = [hit.brand, hit.category].filter(Boolean).join(" · ");
  const shelf = el("div", { class: "shelf" }, ...shelfLabel(hit, variants));
  const frame = el("div", { class: "product-picture" }, picture(hit, { eager: true }));
  const evidence = photoUrl ? hit.evidence : null;
  if (photoUrl) frame.append(photoFigure(photoUrl, { className: "product-photo", evidence }));
  const info = el("div", { class: "product-info" }, kind ? el("p", { class: "product-kind", text: kind }) : null, title, shelf,
    evidence ? evidenceLine(evidence) : null);
  let chosen = hit;
  if (variants.length > 1) {
    info.append(variantChoice(variants, (one) => {
      chosen = { ...hit, ...one };
      title.textContent = one.title;
      shelf.replaceChildren(...shelfLabel(chosen, []));
      if (one.image) frame.querySelector(".picture").replaceWith(picture(one, { eager: true }));
    }));
  }
  info.append(el("button", { class: "button", "data-act": "like", on: { click: () => onLike(chosen) } },
    icon("like"), say(el("span"), "product.like")));
  return el("article", { class: "product", "data-sku": hit.sku }, frame, info);
}

/** What is said aloud about a product. */
export function spoken(hit) {
  const parts = [hit.title];
  if (typeof hit.price === "number") parts.push(money(hit.price, hit.currency));
  if (hit.location) parts.push(hit.location);
  if (hit.stock === 0) parts.push(text("product.gone"));
  return `${parts.join(". ")}.`;
}

function shelfLabel(hit, variants) {
  const several = variants.length > 1;
  const places = several ? [...new Set(variants.map((one) => one.location))] : [hit.location];
  const nodes = [];
  if (several && new Set(variants.map((one) => one.price)).size > 1) {
    nodes.push(say(el("p", { class: "shelf-price is-range" }), () => moneyRange(variants.map((one) => one.price), hit.currency)));
  } else if (typeof hit.price === "number") {
    nodes.push(draw(el("p", { class: "shelf-price" }), (node) => node.replaceChildren(priceTag(hit.price, hit.currency))));
  }
  if (places.length === 1 && places[0]) {
    nodes.push(el("p", { class: "shelf-place" }, icon("pin"), say(el("span", { class: "unseen" }), "product.where"),
      el("strong", { text: places[0] })));
  }
  if (!several && typeof hit.stock === "number") {
    const [key, level, values] = stockWords(hit.stock);
    nodes.push(el("p", { class: `shelf-stock is-${level}` }, el("i", { "aria-hidden": "true" }), say(el("span"), key, values)));
  }
  return nodes;
}
