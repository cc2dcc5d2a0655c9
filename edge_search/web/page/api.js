// Calls to the box. What may be asked twice is asked again after a restart or an overload; what writes is not.

import { busy, untilReady } from "./link.js";

const TIMEOUT_MS = 20000;
// A stick with thousands of photos takes its time.
const SLOW_MS = 3600000;
const ROUNDS = 8;
const LONGEST_PAUSE_S = 10;

/** An answer that is none: `status` is HTTP's, 0 for "no answer at all". */
export class Problem extends Error {
  constructor(status, title, detail, retryAfter = null) {
    super(detail || title || `HTTP ${status}`);
    this.name = "Problem";
    this.status = status;
    this.detail = detail;
    this.retryAfter = retryAfter;
  }
}

/** Read JSON. */
export function get(path, query = {}, options = {}) {
  return call("GET", path, { query, again: true, ...options });
}

/** Send values as JSON. */
export function send(method, path, values, options = {}) {
  const body = values === undefined ? undefined : JSON.stringify(values);
  return call(method, path, { body, type: "application/json", ...options });
}

/** Send photos: one as it is, several as a form. */
export function sendPhotos(path, photos, options = {}) {
  if (photos.length === 1) {
    return call("POST", path, { body: photos[0], type: photos[0].type || "application/octet-stream", ...options });
  }
  const form = new FormData();
  photos.forEach((photo, number) => form.append("image", photo, `photo-${number + 1}`));
  return call("POST", path, { body: form, ...options });
}

/**
 * Call the box.
 *
 * @param {string} method
 * @param {string} path
 * @param {{query?: object, body?: any, type?: string, again?: boolean, slow?: boolean, signal?: AbortSignal}} options `again`: asking
 *   twice does no harm, so a lost line is waited for.
 * @returns {Promise<any>} the JSON of the answer; null where there is none.
 * @throws {Problem} any other answer than a good one.
 */
export async function call(method, path, { query = {}, body, type, again = false, slow = false, signal } = {}) {
  const limit = slow ? SLOW_MS : TIMEOUT_MS;
  for (let round = 1; ; round += 1) {
    let answer;
    let said = null;
    try {
      answer = await fetch(address(path, query), {
        method,
        body,
        headers: { Accept: "application/json", ...(type && body !== undefined ? { "Content-Type": type } : {}) },
        credentials: "same-origin",
        cache: "no-store",
        signal: signal ? AbortSignal.any([signal, AbortSignal.timeout(limit)]) : AbortSignal.timeout(limit),
      });
      // The line may also break in the middle of an answer.
      if (answer.ok && answer.status !== 204) said = await answer.json();
    } catch (error) {
      if (signal?.aborted) throw error;
      const ready = untilReady();
      if (!again || round >= ROUNDS) throw new Problem(0, "no answer", "");
      await ready;
      continue;
    }
    if (answer.ok) return said;
    const pause = pauseOf(answer);
    // 502 and 504 come from something between us and the box; 503 is the box's own "not now": nothing was done.
    const later = answer.status === 503 || (again && [429, 502, 504].includes(answer.status));
    if (!later || round >= ROUNDS || (answer.status === 429 && pause > LONGEST_PAUSE_S)) throw await problem(answer);
    const ms = Math.min(pause, LONGEST_PAUSE_S) * 1000 * (0.8 + Math.random() * 0.4);
    busy(ms + 300);
    await sleep(ms, signal);
  }
}

function address(path, query) {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === null || value === undefined || value === "" ? [] : [value].flat().map((one) => [name, one]));
  return pairs.length ? `${path}?${new URLSearchParams(pairs)}` : path;
}

function pauseOf(answer) {
  const seconds = Number(answer.headers.get("Retry-After"));
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 1;
}

async function problem(answer) {
  const said = await answer.json().catch(() => ({}));
  const after = answer.headers.get("Retry-After");
  return new Problem(answer.status, said.title ?? "", said.detail ?? "", after === null ? null : Number(after));
}

function sleep(ms, signal) {
  return new Promise((go, stop) => {
    const timer = setTimeout(go, ms);
    signal?.addEventListener("abort", () => {
      clearTimeout(timer);
      stop(signal.reason);
    });
  });
}
