// Keyboard: ? shows the keys, g and a letter opens a page, r reloads, t changes the theme. Never while text is typed.

import { PAGES } from "/static/pages.js";

const AFTER_G_MILLISECONDS = 1_500;
export const KEYS = [
  ["?", "show these keys"],
  ["r", "reload the data"],
  ["t", "light or dark"],
  ["/", "go to the first filter of the page"],
  ["Esc", "close, or leave a field"],
];

/** Calls `open(name)` for g and a page's letter; else what `actionOf(key)` returns, if it is a function. */
export function listen(open, actionOf) {
  let lastG = -Infinity;
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") return event.target.blur?.();
    if (isTyped(event.target) || document.querySelector("dialog[open]")) return;
    const isAfterG = event.timeStamp - lastG < AFTER_G_MILLISECONDS;
    lastG = event.key === "g" ? event.timeStamp : -Infinity;
    const page = isAfterG && PAGES.find((each) => each.key === event.key);
    const action = page ? () => open(page.name) : actionOf(event.key);
    if (action) {
      event.preventDefault();
      action();
    }
  });
}

function isTyped(element) {
  return element.isContentEditable || ["INPUT", "SELECT", "TEXTAREA"].includes(element.tagName);
}
