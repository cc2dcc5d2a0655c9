// Teach a product: up to five photos, searchable the moment they are saved.

import { sendPhotos } from "../api.js";
import { el } from "../element.js";
import { say } from "../language.js";
import { photoCollector } from "./collector.js";
import { productPicker } from "./picker.js";
import { room, workButton } from "./room.js";

/** Make the screen. */
export function teachScreen() {
  const ready = () => {
    save.disabled = !picker.chosen() || collector.photos().length === 0;
  };
  const save = workButton("staff.teach.save", "check", () => attempt(async () => {
    const product = picker.chosen();
    const { image_ids: taught } = await sendPhotos(`/v1/products/${encodeURIComponent(product.sku)}/images`, collector.photos(),
      { query: product.values });
    collector.clear();
    picker.clear();
    tell("staff.teach.done", { count: taught.length, title: product.title });
  }), { main: true, name: "save" });
  save.disabled = true;
  const picker = productPicker({ mayCreate: true, onChange: () => ready() });
  const collector = photoCollector({ onChange: () => ready() });
  const { screen, tell, attempt } = room("teach",
    el("div", { class: "steps" },
      el("section", { class: "step" }, say(el("h2"), "staff.step.product"), picker.element),
      el("section", { class: "step" }, say(el("h2"), "staff.step.photos"), say(el("p", { class: "quiet" }), "staff.teach.hint"), collector.element)),
    el("div", { class: "row row-end" }, save));
  return { ...screen, enter: collector.enter, leave: collector.leave };
}
