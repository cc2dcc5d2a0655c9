// A point in time, as the language writes it.

import { language } from "../language.js";

/** Write a time given as ISO 8601 or as seconds since 1970. */
export function moment(when) {
  const time = new Date(typeof when === "number" ? when * 1000 : when);
  if (Number.isNaN(time.getTime())) return String(when);
  return new Intl.DateTimeFormat(language(), { dateStyle: "short", timeStyle: "short" }).format(time);
}
