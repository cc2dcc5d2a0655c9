// What is different on a kiosk, a machine that does nothing else (the launcher opens `/?kiosk`).

/** Whether this page runs in a kiosk. */
export function isKiosk() {
  return new URLSearchParams(window.location.search).has("kiosk");
}

/** The screen stays on, and a long touch opens no menu. */
export function settleIn() {
  if (!isKiosk()) return;
  document.documentElement.classList.add("is-kiosk");
  document.addEventListener("contextmenu", (event) => event.preventDefault());
  const stayAwake = () => document.visibilityState === "visible" && navigator.wakeLock?.request("screen").catch(() => {});
  // The browser lets go of it whenever the page was hidden.
  document.addEventListener("visibilitychange", stayAwake);
  stayAwake();
}
