// The staff desk: what there is to do.

import { el } from "../element.js";
import { icon } from "../icon.js";
import { say } from "../language.js";
import { goHome, open, replace } from "../screens.js";
import { checkScreen } from "./check.js";
import { inboxScreen } from "./inbox.js";
import { onLapse, room } from "./room.js";
import { signOut, signedIn } from "./session.js";
import { signinScreen } from "./signin.js";
import { sourcesScreen } from "./sources.js";
import { statusScreen } from "./status.js";
import { stickScreen } from "./stick.js";
import { teachScreen } from "./teach.js";

const TASKS = [
  ["teach", "teach", teachScreen],
  ["check", "check", checkScreen],
  ["stick", "stick", stickScreen],
  ["inbox", "inbox", inboxScreen],
  ["sources", "box", sourcesScreen],
  ["status", "pulse", statusScreen],
];

/** Show the desk, or the door to it. */
export function openStaff() {
  if (signedIn()) open(deskScreen());
  else open(signinScreen({ onIn: () => replace(deskScreen()) }));
}

function deskScreen() {
  const task = ([name, picture, make]) => el("li", {}, el("button", { class: "task", "data-task": name, on: { click: () => open(make()) } },
    icon(picture), el("span", { class: "task-words" }, say(el("strong"), `staff.${name}.title`), say(el("span"), `staff.${name}.text`))));
  const leave = async () => {
    await signOut();
    goHome();
  };
  const foot = el("div", { class: "row" },
    el("button", { class: "button", "data-act": "try", on: { click: goHome } }, icon("camera"), say(el("span"), "staff.desk.try")),
    el("button", { class: "button", "data-act": "sign-out", on: { click: leave } }, icon("lock"), say(el("span"), "staff.desk.leave")));
  const { screen } = room("desk", el("ul", { class: "tasks", role: "list" }, ...TASKS.map(task)), foot);
  return screen;
}

onLapse(() => replace(signinScreen({ onIn: () => replace(deskScreen()) })));
