// "No, it is this one": what the answer should have been, and, if wanted, the photo as a lesson.

import { call, sendPhotos } from "../api.js";
import { el } from "../element.js";
import { hitList } from "../hits.js";
import { say } from "../language.js";
import { open } from "../screens.js";
import { productFinder } from "../typed.js";
import { present } from "../visit.js";
import { room, workButton } from "./room.js";

/** Open the screen that corrects the present answer. */
export function correctAnswer() {
  open(correctScreen());
}

function correctScreen() {
  const { answer, photo, photoUrl } = present();
  const lesson = el("input", { type: "checkbox", id: "lesson", checked: true });
  lesson.checked = true;
  // The photo goes along; the box keeps it only where its owner set that.
  const feedback = (sku) => {
    const form = new FormData();
    form.append("query_id", answer.query_id);
    if (sku !== null) form.append("sku", sku);
    form.append("photo", photo, "photo.jpg");
    return call("POST", "/v1/feedback", { body: form });
  };
  const choose = (hit) => attempt(async () => {
    await feedback(hit.sku);
    if (lesson.checked) await sendPhotos(`/v1/products/${encodeURIComponent(hit.sku)}/images`, [photo]);
    done(lesson.checked ? "staff.correct.taught" : "staff.correct.done", { title: hit.title });
  });
  const none = workButton("staff.correct.none", "close", () => attempt(async () => {
    await feedback(null);
    done("staff.correct.noted");
  }), { name: "none" });
  // Sizes of one product are one hit for shoppers, but which one it was is just what is corrected here.
  const each = answer.hits.flatMap((hit) => (hit.variants?.length > 1 ? hit.variants.map((one) => ({ ...hit, ...one, variants: [] })) : [hit]));
  const finder = productFinder({ onChoose: choose });
  const picture = el("img", { src: photoUrl, class: "correct-photo" });
  const body = el("div", { class: "correct" },
    el("div", { class: "correct-head" }, picture, el("div", {}, say(el("p", { class: "lead" }), "staff.correct.ask"),
      el("label", { class: "tick" }, lesson, say(el("span"), "staff.correct.lesson")))),
    hitList(each, { onChoose: choose }),
    say(el("h2"), "staff.correct.other"), finder.element, el("div", { class: "row" }, none));
  picture.alt = "";
  const { screen, tell, attempt } = room("correct", body);
  function done(key, values) {
    body.replaceChildren();
    tell(key, values);
  }
  return screen;
}
