// The frame of every staff screen: back, heading, one place for what happened.

import { Problem } from "../api.js";
import { announce } from "../announce.js";
import { backButton } from "../back.js";
import { el, fill, once } from "../element.js";
import { icon } from "../icon.js";
import { say, text } from "../language.js";
import { back } from "../screens.js";
import { troubleDetail, troubleKey } from "../trouble.js";
import { lapsed } from "./session.js";

let askToSignIn = () => {};

/** Name what happens when the box says that the session is over. */
export function onLapse(act) {
  askToSignIn = act;
}

/**
 * Make a staff screen.
 *
 * @param {string} name also the first part of its words' keys: `staff.<name>.title`.
 * @param {...Node} body
 * @returns {{screen: object, tell: function(string, object=), attempt: function(function(): Promise): Promise<boolean>}}
 */
export function room(name, ...body) {
  const told = el("div", { class: "told", role: "status" });
  const tell = (key, values) => {
    fill(told, el("p", { class: "told-good" }, icon("check"), say(el("span"), key, values)));
    announce(text(key, values));
  };
  const complain = (error) => {
    const detail = troubleDetail(error);
    fill(told, el("p", { class: "told-bad" }, icon("warn"), say(el("span"), troubleKey(error))),
      detail ? el("p", { class: "quiet", lang: "en", text: detail }) : null);
    announce(text(troubleKey(error)));
  };
  const attempt = async (act) => {
    fill(told);
    try {
      await act();
      return true;
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      if (lapsed(error)) askToSignIn();
      else complain(error);
      return false;
    }
  };
  const key = `staff.${name}.title`;
  const element = el("div", { class: `page room room-${name}` },
    el("div", { class: "page-head" }, backButton(back), say(el("h1"), key)), told, ...body);
  return { screen: { name: `staff-${name}`, title: key, element }, tell, attempt };
}

/** A button that works on something: it can't be pressed twice meanwhile. */
export function workButton(key, picture, act, { main = false, name = null } = {}) {
  const button = el("button", { class: main ? "button button-main" : "button", "data-act": name ?? key.split(".").pop() },
    icon(picture), say(el("span"), key));
  button.addEventListener("click", once(button, act));
  return button;
}

/** Ask before something that can't be undone; resolves to the answer. */
export function sure(key, values) {
  return new Promise((done) => {
    const end = (yes) => {
      dialog.close();
      dialog.remove();
      done(yes);
    };
    const no = say(el("button", { class: "button", on: { click: () => end(false) } }), "staff.no");
    const yes = say(el("button", { class: "button button-danger", "data-act": "yes", on: { click: () => end(true) } }), "staff.yes");
    const dialog = el("dialog", { class: "dialog", "aria-labelledby": "sure-title", on: { cancel: () => end(false) } },
      say(el("h2", { id: "sure-title" }), key, values), el("div", { class: "row" }, no, yes));
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
