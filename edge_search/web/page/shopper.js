// The shopper's way through the page: photo, answer, and on from there.

import { Problem, call, get, send } from "./api.js";
import { answerScreen } from "./answer.js";
import { announce } from "./announce.js";
import { detailScreen } from "./detail.js";
import { el } from "./element.js";
import { helpScreen } from "./help.js";
import { say, text } from "./language.js";
import { back, goHome, open, present as shownScreen, replace } from "./screens.js";
import { similarScreen } from "./similar.js";
import { startScreen } from "./start.js";
import { troubleKey } from "./trouble.js";
import { typedScreen } from "./typed.js";
import { forget, keepAnswer, keepPhoto, present } from "./visit.js";

const HITS = 9;

let categories = [];
let staff = { on: () => false, correct: () => {} };
let asking = null;

/** Tell who staff is: `on()` and `correct()`, which corrects the present answer. */
export function setStaff(given) {
  staff = given;
}

/** Read the categories, for the chips. A shop without any has no chips. */
export async function readCategories() {
  const found = await get("/v1/categories");
  categories = found.categories.map((one) => one.name);
}

/** Make the start screen; the visit before it is forgotten. */
export function start() {
  asking?.abort();
  forget();
  return startScreen({ onPhoto: lookAt, onType: typeName });
}

/** Look at a new photo and show what it is. */
async function lookAt(photo) {
  keepPhoto(photo);
  await ask("");
}

async function ask(category) {
  asking?.abort();
  const mine = new AbortController();
  asking = mine;
  const { photo } = present();
  try {
    const answer = await call("POST", "/v1/search", {
      query: { k: HITS, category, variants: "group" }, body: photo, type: photo.type || "application/octet-stream",
      again: true, signal: mine.signal,
    });
    if (mine.signal.aborted) return;
    keepAnswer(answer, category);
    showAnswer();
  } catch (error) {
    if (mine.signal.aborted) return;
    if (!(error instanceof Problem)) throw error;
    // The kiosk's own token was revoked: a fresh page asks for another.
    if (error.status === 401) window.location.reload();
    complain(troubleKey(error));
  }
}

/** Show the answer of the present visit. */
export function showAnswer() {
  replace(answerScreen({
    categories: () => categories, staff: staff.on, onCorrect: staff.correct,
    onChoose: showProduct, onLike: showSimilar, onRetake: goHome, onType: typeName, onAsk: askStaff, onCategory: ask, onNone: refuse,
  }));
}

/** None of these was right: told to the box, without waiting for it. A box that can't note it now loses nothing else. */
function refuse() {
  send("POST", "/v1/feedback", { query_id: present().answer.query_id, sku: null }).catch(() => {});
}

function showProduct(hit) {
  open(detailScreen(hit, { onLike: showSimilar, onBack: back, onRetake: goHome, onType: typeName, onAsk: askStaff }));
}

function showSimilar(hit) {
  open(similarScreen(hit, { onChoose: showProduct, onBack: back }));
}

function typeName() {
  open(typedScreen({ onChoose: showProduct, onBack: back, onAsk: askStaff }));
}

function askStaff() {
  open(helpScreen({ onBack: back, onRetake: goHome }));
}

function complain(key) {
  const place = shownScreen().element;
  place.querySelector(".complaint")?.remove();
  place.prepend(say(el("p", { class: "complaint", role: "alert" }), key));
  announce(text(key));
}
