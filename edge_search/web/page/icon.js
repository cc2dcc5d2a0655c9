// The page's icons: strokes on a 24 by 24 grid, drawn here so that no font or picture has to be fetched.

const STROKES = {
  back: "M15 5l-7 7 7 7",
  box: "M4 8l8-4 8 4v8l-8 4-8-4zM4 8l8 4 8-4M12 12v8",
  camera: "M4 8h3.5L9 5.5h6L16.5 8H20v11H4zM12 10.200a3.3 3.3 0 100 6.6 3.3 3.3 0 000-6.600z",
  check: "M5 12.500l4.5 4.500L19 7.5",
  close: "M6 6l12 12M18 6L6 18",
  dark: "M12 3v2M12 19v2M3 12h2M19 12h2M5.6 5.600l1.5 1.500M16.9 16.900l1.5 1.500M5.6 18.400l1.5-1.500M16.9 7.100l1.5-1.500M12 8a4 4 0 100 8 4 4 0 000-8z",
  erase: "M9 6h11v12H9l-6-6zM12.5 9.5l5 5M17.5 9.5l-5 5",
  flip: "M4 12a8 8 0 0113.7-5.600L20 8.500M20 4v4.500h-4.500M20 12a8 8 0 01-13.7 5.600L4 15.500M4 20v-4.500h4.5",
  globe: "M12 3a9 9 0 100 18 9 9 0 000-18zM3 12h18M12 3c2.5 2.5 3.8 5.5 3.8 9s-1.3 6.5-3.8 9c-2.5-2.5-3.8-5.5-3.8-9S9.5 5.5 12 3z",
  hand: "M8 12V6a1.5 1.5 0 013 0v5V4.500a1.5 1.5 0 013 0V11V6.500a1.5 1.5 0 013 0V14c0 4-2.2 7-6 7-3 0-4.3-1.5-6-4.500l-1.7-3.200a1.5 1.5 0 012.6-1.500z",
  inbox: "M4 13l2.5-8h11L20 13v6H4zM4 13h5l1 2.500h4l1-2.500h5",
  keyboard: "M3 7h18v11H3zM6.5 10.500h.01M10 10.500h.01M13.5 10.500h.01M17 10.500h.01M8 14.500h8",
  like: "M4 4h7v7H4zM13 4h7v7h-7zM4 13h7v7H4zM16.5 13v7M13 16.500h7",
  lock: "M6 11h12v9H6zM8.5 11V8a3.5 3.5 0 017 0v3",
  maybe: "M8.5 9a3.5 3.5 0 117 0c0 2.4-3.5 2.7-3.5 5.200M12 18.200h.01",
  next: "M9 5l7 7-7 7",
  none: "M10.5 4a6.5 6.5 0 100 13 6.5 6.5 0 000-13zM15.5 15.500L20.5 20.500M8.3 8.300l4.4 4.400M12.7 8.300l-4.4 4.4",
  pause: "M8 5v14M16 5v14",
  photo: "M4 5h16v14H4zM4 16l4.5-4.5 3.5 3.5 3-3 5 5M15.5 9h.01",
  pin: "M12 21c-4-4.5-6.5-7.7-6.5-11a6.5 6.5 0 0113 0c0 3.3-2.5 6.5-6.5 11zM12 7.700a2.3 2.3 0 100 4.6 2.3 2.3 0 000-4.600z",
  play: "M8 5l11 7-11 7z",
  plus: "M12 5v14M5 12h14",
  pulse: "M3 12h4l2.5-6 4.5 12 2.5-6h4.5",
  retake: "M5 12a7 7 0 107-7c-2.3 0-4 .9-5.5 2.500L4.5 9.500M4.5 5v4.500H9",
  shift: "M12 4l8 8h-4.5v7h-7v-7H4z",
  silent: "M4 9.500v5h3.500L12 18.500v-13L7.5 9.500zM16 9.500l5 5M21 9.500l-5 5",
  speak: "M4 9.500v5h3.500L12 18.500v-13L7.5 9.500zM15.5 9a4.2 4.2 0 010 6M18 6.500a7.8 7.8 0 010 11",
  staff: "M12 4a4 4 0 100 8 4 4 0 000-8zM4.5 20.500c.6-4 3.5-6 7.5-6s6.9 2 7.5 6",
  stick: "M8 10h8v10.500H8zM9.5 10V4h5v6M11.3 6.800h.01M12.7 6.800h.01",
  teach: "M12 5v14M5 12h14M12 3a9 9 0 100 18 9 9 0 000-18z",
  warn: "M12 4l9 16H3zM12 10v4.500M12 17.300h.01",
  blurred: "M4 8V4h4M16 4h4v4M20 16v4h-4M8 20H4v-4M12 9.500v5M9.5 12h5",
};

/**
 * Make an icon. It is decoration: the words beside it, or the button's label, say what it means.
 *
 * @param {keyof STROKES} name
 * @returns {SVGSVGElement}
 */
export function icon(name) {
  const space = "http://www.w3.org/2000/svg";
  const svg = document.createElementNS(space, "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  const path = document.createElementNS(space, "path");
  path.setAttribute("d", STROKES[name]);
  svg.append(path);
  return svg;
}
