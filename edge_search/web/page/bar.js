// The bar on top: language first, the shop's name, speech, staff.

import { el, fill } from "./element.js";
import { icon } from "./icon.js";
import { NAMES, change, label, language, offered, onChange, say, text } from "./language.js";
import { goHome } from "./screens.js";
import { shop } from "./shop.js";
import { hasVoice, hush, setSpeech, speaks } from "./speech.js";
import { announce } from "./announce.js";

let speechButton = null;

/** Build the bar. */
export function buildBar({ onStaff }) {
  const code = el("span", { class: "bar-code" });
  const tongue = el("button", { class: "bar-button bar-language", id: "language", on: { click: openLanguages } },
    icon("globe"), code);
  label(tongue, () => `${text("language.button")}: ${NAMES[language()]}`);
  const showCode = () => {
    code.textContent = language().toUpperCase();
  };
  showCode();
  onChange(showCode);
  const name = el("button", { class: "bar-home", id: "home", on: { click: () => goHome() } });
  label(name, "bar.home", () => ({ shop: shop().name }));
  speechButton = el("button", { class: "bar-button", id: "speech", "aria-pressed": "false", on: { click: toggleSpeech } });
  showSpeech();
  const staff = el("button", { class: "bar-button", id: "staff", on: { click: onStaff } }, icon("staff"));
  label(staff, "bar.staff");
  fill(document.getElementById("bar"), tongue, name, speechButton, staff);
  showShop();
}

/** Show the shop's name and logo. */
export function showShop() {
  const { name, logo } = shop();
  document.body.dataset.shop = name;
  const home = document.getElementById("home");
  fill(home, logo ? el("img", { src: logo, alt: "", class: "bar-logo" }) : null, el("span", { class: "bar-name", text: name }));
}

/** Show whether staff is signed in. */
export function showStaff(on) {
  document.getElementById("staff")?.classList.toggle("is-on", on);
}

/** Speech off, as the next shopper expects it. */
export function resetSpeech() {
  setSpeech(false);
  hush();
  showSpeech();
}

function toggleSpeech() {
  const on = setSpeech(!speaks());
  showSpeech();
  announce(text(on ? (hasVoice() ? "speech.on" : "speech.none") : "speech.off"));
}

function showSpeech() {
  fill(speechButton, icon(speaks() ? "speak" : "silent"));
  speechButton.setAttribute("aria-pressed", String(speaks()));
  label(speechButton, "speech.button");
}

function openLanguages() {
  const close = () => {
    dialog.close();
    dialog.remove();
    document.getElementById("language").focus();
  };
  const choices = offered(shop().languages).map((code) => el("button", {
    class: "button language-choice", lang: code, "aria-current": code === language() ? "true" : null, "data-code": code,
    on: {
      click: () => {
        change(code);
        close();
      },
    },
  }, NAMES[code], code === language() ? icon("check") : null));
  const dialog = el("dialog", { class: "dialog languages", "aria-labelledby": "languages-title", on: { cancel: close } },
    say(el("h2", { id: "languages-title" }), "language.title"), el("div", { class: "stack" }, ...choices));
  dialog.addEventListener("pointerdown", (event) => {
    if (event.target === dialog) close();
  });
  document.body.append(dialog);
  dialog.showModal();
  (dialog.querySelector("[aria-current]") ?? choices[0]).focus();
}

