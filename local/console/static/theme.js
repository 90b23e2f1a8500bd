// Light or dark: as the system says, until the reader chooses; the choice is kept.

const STORED = "flowsentry-theme";
const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();

/** `light` or `dark`. */
export function theme() {
  return localStorage.getItem(STORED) ?? (system.matches ? "dark" : "light");
}

export function switchTheme() {
  localStorage.setItem(STORED, theme() === "dark" ? "light" : "dark");
  applyTheme();
}

export function applyTheme() {
  document.documentElement.dataset.theme = theme();
  for (const listener of listeners) listener();
}

/** Calls the listener after each change; returns what ends that. */
export function onTheme(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** The value of a colour of style.css, such as `accepted`. */
export function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}

system.addEventListener("change", applyTheme);
