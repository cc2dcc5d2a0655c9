// The start: the live camera, the shutter, and the ways without a camera.

import { el, fill } from "./element.js";
import { icon } from "./icon.js";
import { catchPhotos, fileField } from "./intake.js";
import { label, say } from "./language.js";
import { prepare } from "./photo.js";
import { shop } from "./shop.js";
import { Steady } from "./steady.js";
import { viewfinder } from "./viewfinder.js";

const steady = new Steady();

/**
 * Make the start screen.
 *
 * @param {{onPhoto: function(Blob): Promise<void>, onType: function(): void}} told `onPhoto` ends when the photo was
 *   answered or given up.
 */
export function startScreen({ onPhoto, onType }) {
  let handsFree = shop().hands_free;
  let busy = false;
  const finder = viewfinder({
    onPhoto: (blob) => look(blob), onFiles: (files) => choose(files), handsFree: () => handsFree && !busy, steady,
  });
  const files = fileField((chosen) => choose(chosen));
  const shutter = label(el("button", { class: "shutter", id: "shutter", disabled: true, on: { click: () => finder.take() } },
    el("span", { class: "shutter-core" }, icon("camera"))), "start.shutter");
  const pick = el("button", { class: "side-button", id: "choose", on: { click: files.pick } },
    icon("photo"), say(el("span"), "start.choose"));
  const type = el("button", { class: "side-button", id: "type", on: { click: onType } },
    icon("keyboard"), say(el("span"), "start.type"));
  const hint = say(el("p", { class: "quiet start-hint" }), "start.hint");
  const hands = el("button", { class: "switch", id: "hands-free", role: "switch", "aria-checked": String(handsFree) },
    icon("hand"), say(el("span"), "start.hands_free"), el("i", { "aria-hidden": "true" }));
  hands.addEventListener("click", () => {
    handsFree = !handsFree;
    hands.setAttribute("aria-checked", String(handsFree));
    words();
  });
  const drop = say(el("p", { class: "drop-hint", "aria-hidden": "true" }), "start.drop");
  const looking = el("p", { class: "looking", role: "status" });
  const element = el("div", { class: "start" },
    el("div", { class: "start-view" }, finder.element, looking, drop),
    el("div", { class: "start-panel" },
      el("div", { class: "start-words" }, say(el("h1"), "start.title"), hint),
      el("div", { class: "start-controls" }, pick, shutter, type),
      hands, files.field));

  function words() {
    say(hint, handsFree && finder.ready() ? "start.hint_hands_free" : "start.hint");
  }
  async function choose(chosen) {
    if (!busy) await look(await prepare(chosen[0]));
  }
  async function look(blob) {
    if (busy) return;
    busy = true;
    element.classList.add("is-looking");
    fill(looking, icon("pulse"), say(el("span"), "start.looking"));
    try {
      await onPhoto(blob);
    } finally {
      busy = false;
      fill(looking);
      element.classList.remove("is-looking");
      finder.resume();
    }
  }
  finder.onReady((ready) => {
    shutter.disabled = !ready || busy;
    element.classList.toggle("has-camera", ready);
    words();
  });
  let release = () => {};
  const wake = () => (document.hidden ? finder.stop() : finder.start());
  return {
    name: "start", element, title: "start.title",
    enter() {
      finder.start();
      release = catchPhotos(element, choose);
      document.addEventListener("visibilitychange", wake);
    },
    leave() {
      finder.stop();
      release();
      document.removeEventListener("visibilitychange", wake);
    },
  };
}
