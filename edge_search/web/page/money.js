// Prices, as the shopper's language writes them.

import { el } from "./element.js";
import { language } from "./language.js";

/**
 * Write a price.
 *
 * @param {number} amount
 * @param {?string} currency ISO 4217 code; anything else is put behind the number as it is.
 * @returns {string}
 */
export function money(amount, currency) {
  return parts(amount, currency).map((part) => part.value).join("");
}

/** A price as it stands on a shelf label: the whole number large, what follows it small. */
export function priceTag(amount, currency) {
  const tag = el("span", { class: "price" });
  tag.append(el("span", { class: "unseen", text: money(amount, currency) }));
  const seen = el("span", { "aria-hidden": "true", class: "price-figures" });
  for (const part of parts(amount, currency)) {
    const small = ["currency", "decimal", "fraction", "literal"].includes(part.type);
    seen.append(el("span", { class: small ? `price-small price-${part.type}` : "price-whole", text: part.value }));
  }
  tag.append(seen);
  return tag;
}

/** Two prices as a range, or one where they are the same. */
export function moneyRange(amounts, currency) {
  const known = amounts.filter((amount) => typeof amount === "number");
  if (!known.length) return "";
  const low = Math.min(...known);
  const high = Math.max(...known);
  return low === high ? money(low, currency) : `${money(low, currency)} – ${money(high, currency)}`;
}

function parts(amount, currency) {
  try {
    return new Intl.NumberFormat(language(), { style: "currency", currency }).formatToParts(amount);
  } catch {
    // No code of that form: a number, and whatever the shop calls its money.
    const plain = new Intl.NumberFormat(language(), { minimumFractionDigits: 2, maximumFractionDigits: 2 });
    const figures = plain.formatToParts(amount);
    return currency ? [...figures, { type: "literal", value: "\u00a0" }, { type: "currency", value: currency }] : figures;
  }
}
