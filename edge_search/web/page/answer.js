// The answer in one glance: the verdict in words, the product, what else it could be, and what to do when it is none.

import { announce } from "./announce.js";
import { chips } from "./chips.js";
import { el, fill } from "./element.js";
import { photoFigure } from "./evidence.js";
import { hitList } from "./hits.js";
import { icon } from "./icon.js";
import { say, text } from "./language.js";
import { productView, spoken } from "./product.js";
import { present } from "./visit.js";
import { ways } from "./ways.js";

const CHOICES = 4;

/** What the answer comes to: a bad photo without a sure hit is no "not in our catalog". */
export function outcome(answer) {
  if (answer.verdict === "none" && answer.quality !== "ok") return answer.quality;
  return answer.hits.length === 0 ? "none" : answer.verdict;
}

/**
 * Make the answer screen from the present visit.
 *
 * @param {{categories: function(): string[], staff: function(): boolean, onChoose: function(object), onLike:
 *   function(object), onRetake: function(), onType: function(), onAsk: function(), onCategory: function(string),
 *   onNone: function(), onCorrect: function()}} told
 */
export function answerScreen(told) {
  const element = el("div", { class: "answer" });
  const { answer, category } = present();
  const kind = outcome(answer);
  element.dataset.verdict = kind;
  const [first, ...rest] = answer.hits;
  const heading = el("h1", { class: "verdict-title" });
  say(heading, ...titleOf(kind, category));
  const verdict = el("div", { class: `verdict is-${kind}` }, el("span", { class: "verdict-mark" }, icon(MARKS[kind])),
    el("div", {}, heading, say(el("p"), adviceOf(kind, answer))));
  fill(element, verdict);
  if (kind === "match") {
    element.append(productView(first, { photoUrl: present().photoUrl, onLike: told.onLike }));
    element.append(...section("answer.others", hitList(rest, told), rest.length));
  } else if (kind === "maybe") {
    element.append(hitList(answer.hits.slice(0, CHOICES), { ...told, choice: true }));
    element.append(...section("answer.less", hitList(answer.hits.slice(CHOICES), told), answer.hits.length - CHOICES));
  } else {
    element.append(el("div", { class: "none" }, photoFigure(present().photoUrl, { className: "none-photo" }),
      ways({ ...told, onNone: null, large: true })));
    element.append(...section("answer.nearest", hitList(answer.hits, told), answer.hits.length));
  }
  const row = chips({
    near: answer.hits.map((hit) => hit.category).filter(Boolean), all: told.categories(), chosen: category, choose: told.onCategory,
  });
  if (row) element.append(row);
  if (kind === "match" || kind === "maybe") element.append(refusal(told));
  if (told.staff()) element.append(staffStrip(answer, told.onCorrect));
  return {
    name: "answer", element, title: titleOf(kind, category)[0],
    enter: () => announce(sentence(kind, answer, category)),
  };
}

const MARKS = { match: "check", maybe: "maybe", none: "none", dark: "dark", blurred: "blurred" };

function titleOf(kind, category) {
  return kind === "none" && category ? ["verdict.none.in_category", { category }] : [`verdict.${kind}`];
}

/** A maybe from a bad photo says how the next one gets better. */
function adviceOf(kind, answer) {
  return kind === "maybe" && answer.quality !== "ok" ? `verdict.${answer.quality}.text` : `verdict.${kind}.text`;
}

function sentence(kind, answer, category) {
  const head = text(...titleOf(kind, category));
  if (kind === "match") return `${head}: ${spoken(answer.hits[0])}`;
  if (kind === "maybe") return `${head}: ${answer.hits.slice(0, CHOICES).map((hit) => hit.title).join("; ")}`;
  return `${head}. ${text(`verdict.${kind}.text`)}`;
}

/** "None of these" is worth knowing: it is noted once, and the other ways stay. */
function refusal(told) {
  const heading = say(el("h2", { role: "status" }), "answer.not_it");
  const row = el("div", { class: "answer-end" }, heading);
  const onNone = () => {
    told.onNone();
    row.querySelector('[data-act="none"]').remove();
    row.querySelector("button").focus();
    say(heading, "answer.noted");
  };
  row.append(ways({ ...told, onNone }));
  return row;
}

function section(key, list, count) {
  return count > 0 ? [el("section", { class: "more" }, say(el("h2"), key), list)] : [];
}

function staffStrip(answer, onCorrect) {
  const [first] = answer.hits;
  const facts = [answer.verdict, answer.quality, first ? first.score.toFixed(2) : "–", `${Math.round(answer.timings_ms.total)} ms`];
  return el("div", { class: "staff-strip" }, el("span", { class: "quiet", text: facts.join(" · ") }),
    el("button", { class: "button", "data-act": "correct", on: { click: onCorrect } }, icon("staff"), say(el("span"), "staff.correct")));
}
