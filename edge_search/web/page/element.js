// Builds the page's nodes. Text only ever enters as text: nothing here reads markup, so a product's fields stay words.

/**
 * Make an element.
 *
 * @param {string} tag such as "button".
 * @param {object} [options] `class`, `id`, `on` (listeners), `say` and `label` (see language.js), any attribute.
 * @param {...(Node|string|null|undefined|false)} children nodes, or strings that become text nodes.
 * @returns {HTMLElement}
 */
export function el(tag, options = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(options)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "class") node.className = value;
    else if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    else if (name === "text") node.textContent = value;
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  if (tag === "button" && !options.type) node.type = "button";
  node.append(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Replace all children of a node. */
export function fill(node, ...children) {
  node.replaceChildren(...children.filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Run an action at most once at a time: a second tap while the first is at work does nothing. */
export function once(button, act) {
  return async (event) => {
    if (button.getAttribute("aria-busy") === "true") return;
    button.setAttribute("aria-busy", "true");
    try {
      await act(event);
    } finally {
      button.removeAttribute("aria-busy");
    }
  };
}
