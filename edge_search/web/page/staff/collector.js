// Photos that staff collects: from the camera, from files, dropped or pasted; one to five, each can be taken out again.

import { el, fill } from "../element.js";
import { icon } from "../icon.js";
import { catchPhotos, fileField } from "../intake.js";
import { label, say } from "../language.js";
import { prepare } from "../photo.js";
import { viewfinder } from "../viewfinder.js";

/**
 * Make the collector.
 *
 * @param {{most?: number, onChange?: function(number): void}} options
 * @returns {{element: HTMLElement, photos: function(): Blob[], clear: function(), enter: function(), leave: function()}}
 */
export function photoCollector({ most = 5, onChange = () => {} } = {}) {
  let kept = [];
  const add = async (files) => {
    for (const file of files) {
      if (kept.length >= most) break;
      const photo = await prepare(file);
      kept.push({ photo, url: URL.createObjectURL(photo) });
    }
    paint();
  };
  const finder = viewfinder({
    onPhoto: async (photo) => {
      await add([photo]);
      finder.resume();
    },
    onFiles: add,
  });
  const files = fileField(add, { several: true });
  const shutter = el("button", { class: "button button-main", "data-act": "shoot", disabled: true, on: { click: finder.take } },
    icon("camera"), say(el("span"), "staff.photos.take"));
  const pick = el("button", { class: "button", "data-act": "files", on: { click: files.pick } }, icon("photo"), say(el("span"), "staff.photos.files"));
  const strip = el("ul", { class: "strip", role: "list" });
  const count = el("p", { class: "quiet", role: "status" });
  finder.onReady(() => paint());

  function paint() {
    const full = kept.length >= most;
    shutter.disabled = full || !finder.ready();
    pick.disabled = full;
    say(count, "staff.photos.count", () => ({ number: kept.length, most }));
    fill(strip, ...kept.map((one, place) => el("li", {}, label(el("img", { src: one.url }), "staff.photos.one", { number: place + 1 }, "alt"),
      label(el("button", { class: "icon-button", on: { click: () => drop(one) } }, icon("close")), "staff.photos.remove", { number: place + 1 }))));
    onChange(kept.length);
  }
  function drop(one) {
    URL.revokeObjectURL(one.url);
    kept = kept.filter((other) => other !== one);
    paint();
  }
  function clear() {
    for (const one of kept) URL.revokeObjectURL(one.url);
    kept = [];
    paint();
  }
  const element = el("section", { class: "collector" }, finder.element,
    el("div", { class: "collector-side" }, el("div", { class: "row" }, shutter, pick), count, strip, files.field));
  let release = () => {};
  paint();
  return {
    element, clear,
    photos: () => kept.map((one) => one.photo),
    enter() {
      finder.start();
      release = catchPhotos(element, add);
    },
    leave() {
      finder.stop();
      release();
      for (const one of kept) URL.revokeObjectURL(one.url);
      kept = [];
    },
  };
}
