// Words: five plain files, all read at start, so that a change of language needs no server.
//
// A node that shows words remembers which: `say` and `label` note the key and how to get its values, and a change of
// language writes all of them again in place. Nothing is rebuilt, so focus and camera stay.

const files = new Map();
const texts = new WeakMap();
const labels = new WeakMap();
const paints = new WeakMap();
const listeners = new Set();
let current = "en";

/** What each language calls itself: the one list that is never translated. */
export const NAMES = { en: "English", es: "Español", de: "Deutsch", fr: "Français", zh: "中文" };

/** Read the files of these languages; English is always there. */
export async function load(codes, fetchJson) {
  const wanted = [...new Set(["en", ...codes])].filter((code) => code in NAMES);
  await Promise.all(wanted.map(async (code) => files.set(code, await fetchJson(`/page/language/${code}.json`))));
}

/** The languages that are there, in the shop's order. */
export function offered(codes) {
  const usable = codes.filter((code) => files.has(code));
  return usable.length ? usable : ["en"];
}

/** The code of the language that is spoken now. */
export function language() {
  return current;
}

/**
 * Find words by key.
 *
 * @param {string} key such as "start.title"; with `count` among the values, its plural form is taken.
 * @param {object|function(): object} [values] what `{name}` in the text stands for.
 * @returns {string} the text; the key itself where there is none, so that a gap is seen.
 */
export function text(key, values = {}) {
  const given = typeof values === "function" ? values() : values;
  let found = lookUp(key);
  if ("count" in given) {
    const form = new Intl.PluralRules(current).select(given.count);
    found = lookUp(`${key}.${form}`) ?? lookUp(`${key}.other`);
  }
  return (found ?? (files.size ? key : "")).replace(/\{(\w+)\}/g, (whole, name) => (name in given ? shown(given[name]) : whole));
}

/** Write words into a node, and again whenever the language changes. A function gives its text itself. */
export function say(node, key, values) {
  node.setAttribute("data-say", "");
  texts.set(node, [key, values]);
  node.textContent = read(key, values);
  return node;
}

/** As `say`, for an attribute: the label of an icon button, the placeholder of a field. */
export function label(node, key, values, attribute = "aria-label") {
  node.setAttribute("data-label", "");
  const all = labels.get(node) ?? new Map();
  labels.set(node, all.set(attribute, [key, values]));
  node.setAttribute(attribute, read(key, values));
  return node;
}

/** Fill a node by a function, and again whenever the language changes: for prices and what else isn't plain text. */
export function draw(node, paint) {
  node.setAttribute("data-draw", "");
  paints.set(node, paint);
  paint(node);
  return node;
}

/** Speak another language from now on. */
export function change(code) {
  if (!files.has(code)) return;
  current = code;
  document.documentElement.lang = code === "zh" ? "zh-Hans" : code;
  for (const node of document.querySelectorAll("[data-say]")) {
    if (texts.has(node)) node.textContent = read(...texts.get(node));
  }
  for (const node of document.querySelectorAll("[data-label]")) {
    for (const [attribute, [key, values]] of labels.get(node) ?? []) node.setAttribute(attribute, read(key, values));
  }
  for (const node of document.querySelectorAll("[data-draw]")) paints.get(node)?.(node);
  for (const tell of listeners) tell(code);
}

/** Be told when the language changes. */
export function onChange(tell) {
  listeners.add(tell);
}

function read(key, values) {
  return typeof key === "function" ? key() : text(key, values);
}

function lookUp(key) {
  return files.get(current)?.[key] ?? files.get("en")?.[key];
}

function shown(value) {
  return typeof value === "number" ? new Intl.NumberFormat(current).format(value) : String(value);
}
