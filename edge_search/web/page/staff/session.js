// Whether staff is signed in. The cookie itself is out of this page's reach; only the role is known.

import { Problem, call, get, send } from "../api.js";

const STAFF = ["staff", "admin"];

let role = null;
const listeners = new Set();

/** Whether the one who is here may teach and correct. */
export function signedIn() {
  return STAFF.includes(role);
}

/** Be told when that changes. */
export function onSession(tell) {
  listeners.add(tell);
}

/** Ask the box who we are: a page that was loaded anew may still have its cookie. */
export async function readSession() {
  set((await get("/v1/session")).role);
}

/** Sign in with `{pin}` or `{token}`. */
export async function signIn(secret) {
  set((await send("POST", "/v1/session", secret)).role);
}

/** Sign out; the page forgets at once, also when the box is out of reach. */
export async function signOut() {
  set(null);
  await call("DELETE", "/v1/session").catch(() => {});
}

/** The box said that the session is over. */
export function lapsed(error) {
  if (!(error instanceof Problem) || error.status !== 401) return false;
  set(null);
  return true;
}

function set(next) {
  role = next;
  for (const tell of listeners) tell(signedIn());
}
