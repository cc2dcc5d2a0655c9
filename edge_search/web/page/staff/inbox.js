// Photos of SKUs that the product table doesn't know: give them a name, and shoppers find them.

import { get, send } from "../api.js";
import { el, fill } from "../element.js";
import { icon } from "../icon.js";
import { say } from "../language.js";
import { filledIn, input, row } from "./picker.js";
import { room, workButton } from "./room.js";

const FIELDS = ["title", "category", "price", "location"];

/** Make the screen. */
export function inboxScreen() {
  const place = el("div", { class: "stack" });
  const read = () => attempt(async () => {
    const { items } = await get("/v1/inbox");
    fill(place, ...(items.length ? items.map(item) : [el("div", { class: "empty" }, icon("inbox"), say(el("p"), "staff.inbox.none"))]));
  });
  function item({ sku, images, reason }, number) {
    const fields = FIELDS.map((name) => [name, input(name, { id: `inbox-${number}-${name}`, required: name === "title" })]);
    const save = workButton("staff.inbox.save", "check", () => {}, { main: true, name: "save" });
    save.type = "submit";
    const submit = (event) => {
      event.preventDefault();
      return attempt(async () => {
        const values = filledIn(fields);
        await send("PUT", `/v1/products/${encodeURIComponent(sku)}`, values);
        await read();
        tell("staff.inbox.done", { title: values.title });
      });
    };
    return el("section", { class: "plate", "data-sku": sku },
      el("div", { class: "plate-head" }, icon("inbox"), el("div", {}, el("strong", { text: sku }), el("span", { class: "quiet", text: reason ?? "" }))),
      el("ul", { class: "strip", role: "list" }, ...images.slice(0, 6).map((one) => el("li", {}, el("img", { src: one.image, alt: "", loading: "lazy" })))),
      el("form", { class: "form", on: { submit } }, ...fields.map(([name, field]) => row(field, name)), save));
  }
  const { screen, tell, attempt } = room("inbox", say(el("p", { class: "lead" }), "staff.inbox.hint"), place);
  return { ...screen, enter: read };
}
