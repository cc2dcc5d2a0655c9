// The live picture with its frame guide; where there is none, the reason and the way round it.

import { CameraTrouble, cameras, closeCamera, closeCameraSoon, facesUser, nextCamera, openCamera } from "./camera.js";
import { el, fill } from "./element.js";
import { icon } from "./icon.js";
import { fileField } from "./intake.js";
import { label, say } from "./language.js";
import { partUnder, snap } from "./photo.js";
import { FRAME } from "./steady.js";

const LOOK_MS = 120;

/**
 * Make a viewfinder.
 *
 * @param {{onPhoto: function(Blob): void, onFiles: function(File[]): void, handsFree?: function(): boolean, steady?:
 *   Steady}} told `steady` takes the picture by itself while `handsFree` says so.
 * @returns {{element: HTMLElement, start: function(), stop: function(), take: function(), ready: function(): boolean,
 *   onReady: function(function(boolean))}}
 */
export function viewfinder({ onPhoto, onFiles, handsFree = () => false, steady = null }) {
  const video = el("video", { playsinline: true, muted: true, autoplay: true, "aria-hidden": "true", tabindex: "-1" });
  video.muted = true;
  const ring = el("div", { class: "finder-hold", "aria-hidden": "true" });
  const guide = el("div", { class: "finder-guide", "aria-hidden": "true" },
    ...["tl", "tr", "bl", "br"].map((corner) => el("i", { class: corner })), ring);
  const flip = label(el("button", { class: "icon-button finder-flip", hidden: true }, icon("flip")), "camera.next");
  const trouble = el("div", { class: "finder-trouble", hidden: true });
  const element = el("div", { class: "finder" }, video, guide, flip, trouble);
  const phone = fileField(onFiles, { capture: true });
  let timer = null;
  let running = false;
  let ready = false;
  // Whether what is seen moves: not after a picture was taken, nor until the video has its (next) stream. A press in
  // between would find a video without size.
  let live = false;
  let tell = () => {};

  const setReady = (now) => {
    ready = now;
    element.classList.toggle("is-ready", now);
    tell(now);
  };
  const fail = (reason) => {
    setReady(false);
    clearInterval(timer);
    closeCamera();
    video.srcObject = null;
    element.dataset.trouble = reason;
    trouble.hidden = false;
    const again = el("button", { class: "button", on: { click: start } }, icon("retake"), say(el("span"), "camera.again"));
    const app = el("button", { class: "button button-main", on: { click: phone.pick } },
      icon("camera"), say(el("span"), "camera.app"));
    fill(trouble, icon("camera"), say(el("p", { class: "finder-why", role: "alert" }), `camera.${reason}`),
      say(el("p", { class: "quiet" }), "camera.instead"),
      el("div", { class: "row" }, app, ["insecure", "unsupported"].includes(reason) ? null : again), phone.field);
  };

  async function start() {
    running = true;
    live = false;
    trouble.hidden = true;
    delete element.dataset.trouble;
    try {
      const stream = await openCamera(fail);
      if (!running) return;
      video.srcObject = stream;
      video.classList.toggle("is-mirror", facesUser(stream));
      await video.play();
      if (!running) return;
      live = true;
      setReady(true);
      watch();
      flip.hidden = (await cameras()).length < 2;
    } catch (error) {
      if (running) fail(error instanceof CameraTrouble ? error.reason : "failed");
    }
  }

  function stop() {
    running = false;
    live = false;
    clearInterval(timer);
    setReady(false);
    video.pause();
    video.srcObject = null;
    if (document.hidden) closeCamera();
    else closeCameraSoon();
  }

  async function take() {
    if (!ready || !live) return;
    live = false;
    const size = { width: video.videoWidth, height: video.videoHeight };
    const part = partUnder(size, video.getBoundingClientRect(), guide.getBoundingClientRect());
    // The picture stands still at once: that is the answer to the finger, before any work is done.
    video.pause();
    steady?.taken();
    clearInterval(timer);
    element.classList.add("is-looking");
    onPhoto(await snap(video, part));
  }

  function watch() {
    if (steady === null) return;
    steady.wake();
    const small = el("canvas", FRAME);
    const pen = small.getContext("2d", { willReadFrequently: true });
    clearInterval(timer);
    timer = setInterval(() => {
      if (!handsFree() || document.hidden || video.readyState < 2 || document.querySelector("dialog[open]")) return;
      pen.drawImage(video, 0, 0, FRAME.width, FRAME.height);
      const { state, share } = steady.look(grey(pen.getImageData(0, 0, FRAME.width, FRAME.height).data), performance.now());
      element.dataset.steady = state;
      ring.style.setProperty("--share", String(share));
      if (state === "fire") take();
    }, LOOK_MS);
  }

  flip.addEventListener("click", async () => {
    await nextCamera();
    steady?.forget();
    start();
  });
  return {
    element, start, stop, take,
    ready: () => ready && live,
    onReady: (told) => {
      tell = told;
    },
    resume() {
      element.classList.remove("is-looking");
      if (running) start();
    },
  };
}

function grey(rgba) {
  const out = new Uint8ClampedArray(rgba.length / 4);
  for (let place = 0; place < out.length; place += 1) {
    const at = place * 4;
    out[place] = 0.299 * rgba[at] + 0.587 * rgba[at + 1] + 0.114 * rgba[at + 2];
  }
  return out;
}
