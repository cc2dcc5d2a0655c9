// Why the box thinks so: the part of the shopper's photo where details agree with the shop's picture, and how many do.

import { el } from "./element.js";
import { label, say } from "./language.js";

const SPACE = "http://www.w3.org/2000/svg";

/**
 * Make the shopper's own photo with its caption.
 *
 * @param {string} photoUrl
 * @param {{className: string, evidence?: ?{points: number, region: number[]}}} options `evidence`: as a hit has it; the
 *   region that agrees is outlined, and the whole photo is shown, not a square of it.
 */
export function photoFigure(photoUrl, { className, evidence = null }) {
  const mine = el("img", { src: photoUrl });
  label(mine, "answer.photo", {}, "alt");
  const frame = el("div", { class: "photo-frame" }, mine);
  const figure = el("figure", { class: className }, frame, say(el("figcaption"), "answer.photo"));
  if (evidence) {
    figure.classList.add("has-evidence");
    // Drawn once the photo's shape is known; a photo this browser can't read has none.
    mine.addEventListener("load", () => frame.append(outline(mine.naturalWidth, mine.naturalHeight, evidence.region)), { once: true });
  }
  return figure;
}

/** How many details agree, in words; may stand inside a button. */
export function evidenceLine({ points }) {
  return el("span", { class: "evidence" }, el("i", { "aria-hidden": "true" }), say(el("span"), "evidence.points", { count: points }));
}

/** The outline over a photo of `width` by `height`; `region` is x, y, width, height as shares of it. */
function outline(width, height, region) {
  const [x, y, wide, high] = inside(region).map((share, axis) => share * (axis % 2 ? height : width));
  const svg = document.createElementNS(SPACE, "svg");
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.setAttribute("class", "outline");
  svg.setAttribute("role", "img");
  label(svg, "evidence.outline");
  const hole = `M${x} ${y}h${wide}v${high}h${-wide}z`;
  svg.append(path("outline-rest", `M0 0h${width}v${height}h${-width}z${hole}`), path("outline-edge", hole), path("outline-line", hole));
  return svg;
}

function path(name, d) {
  const made = document.createElementNS(SPACE, "path");
  made.setAttribute("class", name);
  made.setAttribute("d", d);
  return made;
}

/** Never outside the photo. */
function inside([x, y, wide, high]) {
  const left = Math.min(Math.max(x, 0), 1);
  const top = Math.min(Math.max(y, 0), 1);
  return [left, top, Math.min(Math.max(wide, 0), 1 - left), Math.min(Math.max(high, 0), 1 - top)];
}
