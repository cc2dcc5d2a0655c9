// Photos from a USB stick: look first, then take them.

import { get, send } from "../api.js";
import { el, fill } from "../element.js";
import { icon } from "../icon.js";
import { working } from "../idle.js";
import { say } from "../language.js";
import { fileList } from "./files.js";
import { room, workButton } from "./room.js";

const LOOK_MS = 4000;

/** Make the screen. */
export function stickScreen() {
  const place = el("div", { class: "stack" });
  let timer = null;
  let shown = "";

  const look = () => attempt(async () => {
    const { media } = await get("/v1/media");
    const now = JSON.stringify(media);
    if (now === shown) return;
    shown = now;
    fill(place, ...(media.length ? media.map(medium) : [el("div", { class: "empty" }, icon("stick"), say(el("p"), "staff.stick.none"))]));
  });
  function medium(one) {
    const report = el("div", { class: "stack" });
    const address = `/v1/media/${encodeURIComponent(one.media_id)}`;
    const take = workButton("staff.stick.import", "plus", () => attempt(async () => {
      say(report.appendChild(el("p", { class: "waiting", role: "status" })), "staff.stick.importing");
      try {
        const done = await working(send("POST", `${address}/import`, undefined, { slow: true }));
        fill(report, ...summary(done));
        tell("staff.stick.done", { count: done.taken ?? 0 });
      } finally {
        report.querySelector(".waiting")?.remove();
      }
    }), { main: true, name: "import" });
    const preview = workButton("staff.stick.preview", "photo", () => attempt(async () => {
      fill(report, say(el("p", { class: "waiting", role: "status" }), "staff.stick.looking"));
      try {
        const found = await working(send("POST", `${address}/preview`, undefined, { slow: true }));
        fill(report, ...summary(found), brings(found) ? take : null);
      } finally {
        report.querySelector(".waiting")?.remove();
      }
    }), { name: "preview" });
    return el("section", { class: "plate", "data-medium": one.media_id },
      el("div", { class: "plate-head" }, icon("stick"), el("div", {}, el("strong", { text: one.label }), el("span", { class: "quiet", text: one.path })), preview),
      report);
  }
  const { screen, tell, attempt } = room("stick", say(el("p", { class: "lead" }), "staff.stick.hint"), place);
  return {
    ...screen,
    enter() {
      look();
      timer = setInterval(look, LOOK_MS);
    },
    leave: () => clearInterval(timer),
  };
}

function brings(report) {
  return report.new.length + report.changed.length + report.unknown_sku.length + report.products_changed > 0;
}

function summary(report) {
  const count = (key, number) => el("li", {}, el("strong", { text: String(number) }), say(el("span"), `staff.stick.${key}`));
  return [
    el("ul", { class: "counts", role: "list" }, count("new", report.new.length), count("changed", report.changed.length),
      count("unchanged", report.unchanged), count("products", report.products_changed)),
    fileList("staff.stick.unknown", report.unknown_sku.map(({ path, sku }) => [path, sku])),
    fileList("staff.stick.unreadable", report.unreadable.map(({ path, reason }) => [path, reason])),
    fileList("staff.stick.warnings", (report.warnings ?? []).map(({ path, reason }) => [path, reason])),
    fileList("staff.stick.new_list", report.new.map(({ path, sku }) => [path, sku])),
  ];
}
