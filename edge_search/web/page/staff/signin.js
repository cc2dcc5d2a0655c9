// The door: a PIN on large keys, or a token.

import { Problem } from "../api.js";
import { announce } from "../announce.js";
import { backButton } from "../back.js";
import { el, once } from "../element.js";
import { icon } from "../icon.js";
import { label, say, text } from "../language.js";
import { back } from "../screens.js";
import { shop } from "../shop.js";
import { troubleKey } from "../trouble.js";
import { signIn } from "./session.js";

const KEYS = ["1", "2", "3", "4", "5", "6", "7", "8", "9"];

/** Make the screen; `onIn` is called once signed in. */
export function signinScreen({ onIn }) {
  const pin = shop().staff?.pin === true;
  const kind = pin ? "pin" : "token";
  const field = el("input", { type: "password", id: "secret", autocomplete: "off", class: "field-large",
    inputmode: pin ? "numeric" : null, "data-own-keys": pin, "aria-describedby": "signin-told" });
  const told = el("p", { class: "told-bad", id: "signin-told", role: "alert" });
  const enter = el("button", { class: "button button-main", type: "submit", "data-act": "enter" }, icon("lock"), say(el("span"), "staff.signin.enter"));
  const other = pin ? say(el("button", { class: "button button-plain" }), "staff.signin.with_token") : null;
  const title = say(el("label", { for: "secret" }), `staff.signin.${kind}`);
  let asking = kind;
  const submit = once(enter, async (event) => {
    event.preventDefault();
    told.textContent = "";
    try {
      await signIn({ [asking]: field.value.trim() });
      field.value = "";
      onIn();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      field.value = "";
      field.focus();
      const [key, values] = wrong(error);
      say(told, key, values);
      announce(text(key, values));
    }
  });
  const pad = pin ? keys(field) : null;
  other?.addEventListener("click", () => {
    asking = asking === "pin" ? "token" : "pin";
    say(title, `staff.signin.${asking}`);
    say(other, asking === "pin" ? "staff.signin.with_token" : "staff.signin.with_pin");
    pad.hidden = asking !== "pin";
    field.toggleAttribute("data-own-keys", asking === "pin");
    field.inputMode = asking === "pin" ? "numeric" : "text";
    field.focus();
  });
  const form = el("form", { class: "signin", on: { submit } }, title, field, told, pad, enter, other);
  return {
    name: "staff-signin", title: "staff.signin.title", focus: field,
    element: el("div", { class: "page room" },
      el("div", { class: "page-head" }, backButton(back), say(el("h1"), "staff.signin.title")), form),
  };
}

function wrong(error) {
  if (error.status === 401) return ["staff.signin.wrong", {}];
  if (error.status === 429) return ["staff.signin.locked", { count: Math.max(1, Math.ceil((error.retryAfter ?? 60) / 60)) }];
  return [troubleKey(error), {}];
}

function keys(field) {
  const type = (key) => () => {
    field.value += key;
  };
  const key = (name, act) => el("button", { class: "key", on: { click: act } }, name);
  const erase = label(key(icon("erase"), () => {
    field.value = field.value.slice(0, -1);
  }), "keyboard.erase");
  const clear = label(key(icon("close"), () => {
    field.value = "";
  }), "staff.signin.clear");
  return el("div", { class: "pad", role: "group" }, ...KEYS.map((name) => key(name, type(name))), clear, key("0", type("0")), erase);
}
