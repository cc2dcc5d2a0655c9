// The shop's colours, made readable: whatever the shop chose, words keep a contrast of at least 4.5 to 1 (WCAG 1.4.3).

const PAGE = { light: [250, 248, 243], dark: [20, 22, 21] };
const ENOUGH = 4.5;

/** Put the shop's colours on the page, and again when light turns to dark. */
export function dress({ color, accent }) {
  const dark = window.matchMedia("(prefers-color-scheme: dark)");
  const apply = () => {
    const page = dark.matches ? PAGE.dark : PAGE.light;
    const brand = read(color) ?? [20, 52, 43];
    const loud = read(accent) ?? [255, 185, 56];
    set("--brand", brand);
    set("--on-brand", onTop(brand));
    set("--accent", loud);
    set("--on-accent", onTop(loud));
    set("--brand-ink", readable(brand, page));
    set("--accent-ink", readable(loud, page));
  };
  dark.addEventListener("change", apply);
  apply();
}

/** Black or white: one of them always reaches 4.5 to 1 on any colour. */
export function onTop(colour) {
  return contrast(colour, [255, 255, 255]) >= ENOUGH ? [255, 255, 255] : [0, 0, 0];
}

/** The colour, moved towards black or white until it can be read on the page. */
export function readable(colour, page) {
  const target = luminance(page) > 0.18 ? 0 : 255;
  for (let share = 0; share < 1; share += 0.05) {
    const mixed = colour.map((part) => Math.round(part + (target - part) * share));
    if (contrast(mixed, page) >= ENOUGH) return mixed;
  }
  return [target, target, target];
}

/** Contrast of two colours, 1 to 21, as WCAG 2.2 defines it. */
export function contrast(one, other) {
  const [low, high] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (high + 0.05) / (low + 0.05);
}

function luminance(colour) {
  const [r, g, b] = colour.map((part) => {
    const value = part / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

function read(text) {
  const probe = document.createElement("span");
  probe.style.color = text ?? "";
  if (!probe.style.color) return null;
  document.body.append(probe);
  const found = getComputedStyle(probe).color.match(/[\d.]+/g);
  probe.remove();
  return found ? found.slice(0, 3).map(Number) : null;
}

function set(name, colour) {
  document.documentElement.style.setProperty(name, `rgb(${colour.join(" ")})`);
}
