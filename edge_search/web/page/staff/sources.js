// Folders that are followed: their state, a deletion that waits for a yes, and a pause.

import { get, send } from "../api.js";
import { el, fill } from "../element.js";
import { icon } from "../icon.js";
import { say, text } from "../language.js";
import { moment } from "./moment.js";
import { room, sure, workButton } from "./room.js";

const LOOK_MS = 5000;
const STATES = ["running", "paused", "quiet", "stopped", "new", "online", "scanning", "held", "offline", "kept"];

/** Make the screen. */
export function sourcesScreen() {
  const watching = el("section", { class: "plate" });
  const place = el("div", { class: "stack" });
  let timer = null;
  let shown = "";

  const read = () => attempt(async () => {
    const [{ sources }, watch] = await Promise.all([get("/v1/sources"), get("/v1/watch")]);
    // A list that is drawn anew under a finger is a nuisance: only when something changed.
    const now = JSON.stringify([sources, watch]);
    if (now === shown) return;
    shown = now;
    fill(watching, ...watchRow(watch));
    fill(place, ...(sources.length ? sources.map(source) : [el("div", { class: "empty" }, icon("box"), say(el("p"), "staff.sources.none"))]));
  });
  const set = (path, values) => attempt(async () => {
    await send("POST", path, values);
    await read();
  });
  function watchRow({ state, until, backlog, eta_seconds: eta }) {
    const facts = [stateWords(state)];
    if (until) facts.push(text("staff.watch.until", { time: moment(until) }));
    if (backlog) facts.push(text("staff.watch.backlog", { count: backlog }));
    if (backlog && eta) facts.push(text("staff.watch.eta", { count: Math.max(1, Math.round(eta / 60)) }));
    const pause = (key, minutes) => workButton(key, "pause", () => set("/v1/watch/pause", { minutes }));
    const paused = state === "paused";
    return [
      el("div", { class: "plate-head" }, icon(paused ? "pause" : "play"),
        el("div", {}, say(el("strong"), "staff.watch.title"), el("span", { class: "quiet", text: facts.join(" · ") }))),
      el("div", { class: "row" }, ...(paused
        ? [workButton("staff.watch.resume", "play", () => set("/v1/watch/resume"), { main: true })]
        : [pause("staff.watch.pause_15", 15), pause("staff.watch.pause_60", 60), pause("staff.watch.pause", null)])),
    ];
  }
  function source(one) {
    const held = one.held
      ? el("div", { class: "held" }, icon("warn"), say(el("p"), "staff.sources.held", { count: one.held.products }),
        el("p", { class: "quiet", lang: "en", text: one.held.reason }),
        workButton("staff.sources.confirm", "check", async () => {
          if (!(await sure("staff.sources.sure", { count: one.held.products }))) return;
          await attempt(async () => {
            await send("POST", `/v1/sources/${encodeURIComponent(one.source_id)}/confirm`, undefined, { slow: true });
            await read();
            tell("staff.sources.confirmed");
          });
        }, { name: "confirm" }))
      : null;
    const facts = [stateWords(one.state), one.last_scan ? text("staff.sources.scan", { time: moment(one.last_scan) }) : null,
      text("staff.sources.images", { count: one.images ?? 0 })];
    return el("section", { class: "plate", "data-source": one.source_id },
      el("div", { class: "plate-head" }, icon(one.kind === "manifest" ? "inbox" : "box"),
        el("div", {}, el("strong", { class: "path", text: one.path }), el("span", { class: "quiet", text: facts.filter(Boolean).join(" · ") }))),
      one.detail ? el("p", { class: "quiet", lang: "en", text: one.detail }) : null, held);
  }
  const { screen, tell, attempt } = room("sources", watching, place);
  return {
    ...screen,
    enter() {
      shown = "";
      read();
      timer = setInterval(read, LOOK_MS);
    },
    leave: () => clearInterval(timer),
  };
}

function stateWords(state) {
  return STATES.includes(state) ? text(`state.${state}`) : state ?? "";
}
