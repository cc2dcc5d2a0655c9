// How the box is: what it holds, what it skipped, how much room is left.

import { get } from "../api.js";
import { el, fill } from "../element.js";
import { language, say } from "../language.js";
import { fileList } from "./files.js";
import { room } from "./room.js";

/** Make the screen. */
export function statusScreen() {
  const place = el("div", { class: "stack" });
  const read = () => attempt(async () => {
    const status = await get("/v1/status");
    fill(place,
      el("ul", { class: "counts", role: "list" }, count("products", status.products), count("images", status.images),
        count("backlog", status.backlog ?? 0), count("skipped", status.skipped?.length ?? 0)),
      el("dl", { class: "facts" }, ...fact("version", status.version), ...fact("encoder", status.encoder), ...fact("projection", status.projection),
        ...fact("generation", status.generation), ...fact("free", gigabytes(status.free_bytes))),
      fileList("staff.status.skipped_files", (status.skipped ?? []).map(({ path, reason }) => [path, reason])));
  });
  const { screen, attempt } = room("status", place);
  return { ...screen, enter: read };
}

function count(key, number) {
  const shown = el("strong");
  say(shown, () => new Intl.NumberFormat(language()).format(number));
  return el("li", {}, shown, say(el("span"), `staff.status.${key}`));
}

function fact(key, value) {
  if (value === null || value === undefined || value === "") return [];
  return [say(el("dt"), `staff.status.${key}`), el("dd", { text: String(value) })];
}

function gigabytes(bytes) {
  if (typeof bytes !== "number") return null;
  const format = new Intl.NumberFormat(language(), { style: "unit", unit: "gigabyte", maximumFractionDigits: 1 });
  return format.format(bytes / 1e9);
}
