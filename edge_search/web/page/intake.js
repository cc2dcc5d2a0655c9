// Photos that don't come from the live camera: chosen, dropped or pasted.

import { el } from "./element.js";

/**
 * A hidden file field; `pick()` opens it.
 *
 * @param {function(File[]): void} take
 * @param {{capture?: boolean, several?: boolean}} options `capture`: a phone opens its camera app instead of the files.
 */
export function fileField(take, { capture = false, several = false } = {}) {
  const field = el("input", {
    type: "file", accept: "image/*", class: "unseen", tabindex: "-1", "aria-hidden": "true",
    capture: capture ? "environment" : null, multiple: several,
  });
  field.addEventListener("change", () => {
    const files = [...field.files];
    // The same file again must count as a choice too.
    field.value = "";
    if (files.length) take(files);
  });
  return { field, pick: () => field.click() };
}

/** Take photos that are dropped on a node or pasted while it is shown; returns what ends that. */
export function catchPhotos(node, take) {
  const over = (event) => {
    event.preventDefault();
    node.classList.add("is-over");
  };
  const out = (event) => {
    if (!node.contains(event.relatedTarget)) node.classList.remove("is-over");
  };
  const drop = (event) => {
    event.preventDefault();
    node.classList.remove("is-over");
    hand([...(event.dataTransfer?.files ?? [])]);
  };
  const paste = (event) => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length) event.preventDefault();
    hand(files);
  };
  const hand = (files) => {
    const photos = files.filter((file) => file.type === "" || file.type.startsWith("image/"));
    if (photos.length) take(photos);
  };
  node.addEventListener("dragover", over);
  node.addEventListener("dragleave", out);
  node.addEventListener("drop", drop);
  document.addEventListener("paste", paste);
  return () => {
    node.removeEventListener("dragover", over);
    node.removeEventListener("dragleave", out);
    node.removeEventListener("drop", drop);
    document.removeEventListener("paste", paste);
  };
}
