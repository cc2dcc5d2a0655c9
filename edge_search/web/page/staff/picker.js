// Which product is it: found by name, SKU or barcode number, or made new.

import { el, fill } from "../element.js";
import { icon } from "../icon.js";
import { say } from "../language.js";
import { picture } from "../product.js";
import { shop } from "../shop.js";
import { productFinder } from "../typed.js";

const VALUES = ["title", "category", "price", "location"];

/**
 * Make the picker.
 *
 * @param {{mayCreate?: boolean, onChange?: function(?object): void}} options
 * @returns {{element: HTMLElement, chosen: function(): ?{sku: string, title: string, values: object}, clear: function()}}
 */
export function productPicker({ mayCreate = false, onChange = () => {} } = {}) {
  const element = el("section", { class: "picker" });
  let chosen = null;
  const choose = (product) => {
    chosen = product;
    onChange(chosen);
    paint();
  };
  function paint() {
    if (chosen) {
      const change = el("button", { class: "button", "data-act": "change", on: { click: () => choose(null) } }, say(el("span"), "staff.picker.change"));
      fill(element, el("div", { class: "picked", "data-sku": chosen.sku }, picture(chosen),
        el("div", {}, el("strong", { text: chosen.title || chosen.sku }), el("span", { class: "quiet", text: chosen.sku })), change));
      change.focus();
      return;
    }
    const finder = productFinder({ onChoose: (hit) => choose({ ...hit, values: {} }) });
    const make = el("button", { class: "button", "data-act": "new", "aria-expanded": "false" }, icon("plus"), say(el("span"), "staff.picker.new"));
    const place = el("div");
    make.addEventListener("click", () => {
      const opens = !place.firstChild;
      make.setAttribute("aria-expanded", String(opens));
      fill(place, opens ? newProduct(choose, finder.field.value) : null);
      place.querySelector("input")?.focus();
    });
    fill(element, finder.element, mayCreate ? make : null, place);
  }
  paint();
  return { element, chosen: () => chosen, clear: () => choose(null) };
}

function newProduct(choose, typed) {
  const sku = input("sku", { required: true, pattern: ".*\\S.*", maxlength: 200 });
  const fields = VALUES.map((name) => [name, input(name)]);
  fields[0][1].value = typed;
  const submit = (event) => {
    event.preventDefault();
    const values = filledIn(fields);
    choose({ sku: sku.value.trim(), title: values.title ?? sku.value.trim(), image: null, values });
  };
  return el("form", { class: "form", on: { submit } }, row(sku, "sku"), ...fields.map(([name, field]) => row(field, name)),
    el("button", { class: "button button-main", type: "submit", "data-act": "use" }, icon("check"), say(el("span"), "staff.picker.use")));
}

/** A field for one value of a product. Prices are typed as people write them, with a comma or a point. */
function input(name, options = {}) {
  const price = name === "price" ? { inputmode: "decimal", pattern: "\\s*\\d+([.,]\\d+)?\\s*" } : {};
  return el("input", { type: "text", id: `new-${name}`, name, autocomplete: "off", class: "field", ...price, ...options });
}

/** What was typed into `[name, field]` pairs; a price with the shop's currency. */
function filledIn(fields) {
  const values = Object.fromEntries(fields.map(([name, field]) => [name, field.value.trim()]).filter(([, value]) => value));
  if (!values.price) return values;
  return { ...values, price: Number(values.price.replace(",", ".")), currency: shop().currency };
}

function row(field, name) {
  return el("div", { class: "form-row" }, say(el("label", { for: field.id }), `field.${name}`), field);
}

export { filledIn, input, row };
