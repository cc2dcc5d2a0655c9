// What went wrong, in the shopper's words; what the box itself said is for staff only.

import { Problem } from "./api.js";

const KEYS = {
  0: "trouble.line",
  401: "trouble.signin",
  403: "trouble.forbidden",
  404: "trouble.gone",
  409: "trouble.conflict",
  413: "trouble.large",
  415: "trouble.unreadable",
  422: "trouble.unreadable",
  429: "trouble.often",
  501: "trouble.missing",
  503: "trouble.busy",
  507: "trouble.full",
};

/** The key of the words for an error. */
export function troubleKey(error) {
  return (error instanceof Problem && KEYS[error.status]) || "trouble.unknown";
}

/** What the box said about it, for staff; empty where it said nothing. */
export function troubleDetail(error) {
  return error instanceof Problem ? error.detail ?? "" : "";
}
