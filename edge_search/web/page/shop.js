// What the box says about its shop: name, colours, languages, times. Read at start and again whenever it comes back.

import { get } from "./api.js";

const fallback = {
  name: "edge-search", logo: null, color: null, accent: null, languages: ["en", "es", "de", "fr", "zh"], language: "", idle_seconds: 60,
  currency: "EUR", hands_free: false, staff: { pin: false }, limits: { max_photo_mb: 64 }, version: "",
};
let settings = fallback;

/** The settings as they were read last. */
export function shop() {
  return settings;
}

/** Read them anew; returns whether the box runs another version than before. */
export async function readShop() {
  const before = settings.version;
  const given = await get("/v1/kiosk");
  settings = { ...fallback, ...given, name: given.name || fallback.name };
  return before !== "" && settings.version !== before;
}
