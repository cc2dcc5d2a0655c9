// Starts the page and holds its parts together.

import { Problem, get } from "./api.js";
import { buildBar, resetSpeech, showShop, showStaff } from "./bar.js";
import { watchIdle } from "./idle.js";
import { startKeyboard } from "./keyboard.js";
import { settleIn } from "./kiosk.js";
import { change, language, load, onChange, text } from "./language.js";
import { onReturn } from "./link.js";
import { goHome, onShow, present, replace, setHome } from "./screens.js";
import { readShop, shop } from "./shop.js";
import { readCategories, setStaff, start } from "./shopper.js";
import { correctAnswer } from "./staff/correct.js";
import { openStaff } from "./staff/staff.js";
import { signinScreen } from "./staff/signin.js";
import { onSession, readSession, signOut, signedIn } from "./staff/session.js";
import { speaks } from "./speech.js";
import { dress } from "./theme.js";

const REFRESH_MS = 300000;
// Staff fills in forms and walks to the shelf in between: it gets at least this long.
const STAFF_IDLE_S = 300;

/** The language of the shop, else the browser's where the shop offers it. */
function firstLanguage() {
  const { languages, language: set } = shop();
  const browsers = navigator.languages.map((code) => code.slice(0, 2));
  return set || browsers.find((code) => languages.includes(code)) || languages[0];
}

/** The visit is over: nothing of it stays, staff is signed out, and the next shopper finds the shop's language. */
function endVisit() {
  document.querySelectorAll("dialog").forEach((dialog) => dialog.remove());
  if (signedIn()) signOut();
  resetSpeech();
  change(firstLanguage());
  goHome();
}

/** Read what may have changed; a page of another version loads itself anew when nobody is at it. */
async function refresh() {
  const renewed = await readShop();
  await readCategories();
  showShop();
  dress(shop());
  if (renewed && present()?.name === "start") window.location.reload();
}

/** Another address than this machine's wants a token first: of a kiosk that may only ask, or of staff. */
function askForToken() {
  replace(signinScreen({ onIn: () => window.location.reload() }));
}

async function run() {
  const known = await readShop().then(() => true, (error) => {
    if (!(error instanceof Problem) || error.status !== 401) throw error;
    return false;
  });
  dress(shop());
  await load(shop().languages, (path) => get(path));
  change(firstLanguage());
  setHome(start);
  setStaff({ on: signedIn, correct: correctAnswer });
  buildBar({ onStaff: openStaff });
  settleIn();
  startKeyboard();
  onSession(showStaff);
  onChange(() => {
    if (present()) document.title = `${text(present().title)} · ${shop().name}`;
  });
  if (!known) {
    askForToken();
    return;
  }
  onShow(() => document.querySelector(".complaint")?.remove());
  goHome();
  watchIdle({
    seconds: () => (signedIn() ? Math.max(STAFF_IDLE_S, shop().idle_seconds) : shop().idle_seconds),
    waits: () => present().name !== "start" || signedIn() || speaks() || language() !== firstLanguage(),
    over: endVisit,
  });
  onReturn(() => refresh().catch(() => {}));
  setInterval(() => present().name === "start" && refresh().catch(() => {}), REFRESH_MS);
  await Promise.allSettled([readCategories(), readSession()]);
  if (window.location.pathname.startsWith("/staff") || window.location.hash === "#staff") openStaff();
}

run();
