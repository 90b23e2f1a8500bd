// What a page shows when it has nothing to show: it loads, is empty or failed. Each says what to do next.

import { html, nothing } from "/vendor/lit-html/lit-html.js";

export const loading = (what = "data") => html`<p class="state" role="status"><span class="spinner"></span>Loading ${what}…</p>`;

/** Nothing there: `title` says what is missing, `next` what to do about it. */
export const empty = (title, next) => html`<div class="state" role="status">
  <p class="state-title">${title}</p>
  ${next ? html`<p>${next}</p>` : nothing}
</div>`;

const NEXT = {
  0: "Start the command again and open the link that it prints. The page reloads by itself once it answers.",
  400: "Check the address of this page, or go back.",
  401: "Open the link that the command printed in its terminal: it ends with #token=…",
  403: "Open the link that the command printed in its terminal, in this browser.",
  404: "Go back, or choose a page on the left.",
  421: "Open the link that the command printed: the console answers to 127.0.0.1 and localhost only.",
  503: "Wait a moment and reload. The terminal of the command says more.",
};

/** A request failed: its sentence, and the next step. */
export const failed = (error) => html`<div class="state state-error" role="alert">
  <p class="state-title">${error.message}</p>
  <p>${NEXT[error.status] ?? "Reload the page. The terminal of the command says more."}</p>
</div>`;
