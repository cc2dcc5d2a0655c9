// Check photos: saved with their right SKU, never taught; they tell how good the box really is.

import { get, sendPhotos } from "../api.js";
import { el } from "../element.js";
import { say } from "../language.js";
import { photoCollector } from "./collector.js";
import { productPicker } from "./picker.js";
import { room, workButton } from "./room.js";

/** Make the screen. */
export function checkScreen() {
  const ready = () => {
    save.disabled = !picker.chosen() || collector.photos().length === 0;
  };
  const held = el("p", { class: "quiet", id: "checks-held" });
  const read = () => attempt(async () => {
    const { checks, skus } = await get("/v1/checks");
    say(held, "staff.check.held", { count: checks, skus });
  });
  const save = workButton("staff.check.save", "check", async () => {
    const product = picker.chosen();
    const photos = collector.photos();
    const good = await attempt(async () => {
      for (const photo of photos) await sendPhotos("/v1/checks", [photo], { query: { sku: product.sku } });
    });
    if (!good) return;
    collector.clear();
    picker.clear();
    await read();
    tell("staff.check.done", { count: photos.length, title: product.title });
  }, { main: true, name: "save" });
  save.disabled = true;
  const picker = productPicker({ onChange: () => ready() });
  const collector = photoCollector({ onChange: () => ready() });
  const { screen, tell, attempt } = room("check",
    say(el("p", { class: "lead" }), "staff.check.hint"), held,
    el("div", { class: "steps" },
      el("section", { class: "step" }, say(el("h2"), "staff.step.product"), picker.element),
      el("section", { class: "step" }, say(el("h2"), "staff.step.photos"), collector.element)),
    el("div", { class: "row row-end" }, save));
  return {
    ...screen,
    enter() {
      collector.enter();
      read();
    },
    leave: collector.leave,
  };
}
