// Sizes and colours of one product: one hit, and then the question which one it is.

import { el } from "./element.js";
import { say } from "./language.js";
import { money } from "./money.js";

/** The words that the titles of all variants begin with; the first title where there are none. */
export function commonTitle(variants) {
  const common = shared(variants.map((one) => words(one.title)));
  const title = common.join(" ").replace(/[\s,;:–-]+$/u, "");
  return title || variants[0].title;
}

/** What tells each variant from the others: the rest of its title, an attribute such as its size, or its SKU. */
export function differences(variants) {
  const common = shared(variants.map((one) => words(one.title))).length;
  const rest = variants.map((one) => words(one.title).slice(common).join(" "));
  if (apart(rest)) return rest;
  const names = new Set(variants.flatMap((one) => Object.keys(one.attributes ?? {})));
  for (const name of names) {
    const values = variants.map((one) => String(one.attributes?.[name] ?? ""));
    if (apart(values)) return values;
  }
  return variants.map((one) => one.sku);
}

/** Ask which one it is; `choose` gets the variant. */
export function variantChoice(unsorted, choose) {
  // The box sends the likeliest first; sizes are easier to find from small to large, and that is how prices go.
  const variants = [...unsorted].sort((one, other) => (one.price ?? 0) - (other.price ?? 0) || (one.sku < other.sku ? -1 : 1));
  const names = differences(variants);
  const group = el("div", { class: "variants-row" });
  const buttons = variants.map((one, number) => {
    const price = el("span", { class: "variant-price" });
    if (typeof one.price === "number") say(price, () => money(one.price, one.currency));
    return el("button", {
      class: "variant", "aria-pressed": "false", "data-sku": one.sku,
      on: {
        click: (event) => {
          for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
          choose(one);
        },
      },
    }, el("span", { class: "variant-name", text: names[number] }), price);
  });
  group.append(...buttons);
  return el("fieldset", { class: "variants" }, say(el("legend"), "variants.ask"), group);
}

function words(title) {
  return title.trim().split(/\s+/u);
}

function shared(titles) {
  const [first, ...others] = titles;
  let count = 0;
  while (count < first.length && others.every((title) => title[count] === first[count])) count += 1;
  return first.slice(0, count);
}

function apart(values) {
  return values.every(Boolean) && new Set(values).size === values.length;
}
