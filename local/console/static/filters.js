// Filters that several pages have. Each is in the page's address under its name.

import { html } from "/vendor/lit-html/lit-html.js";

const TYPING_MILLISECONDS = 300;
let typing = 0;

/** A field for `text`, which is applied a moment after the last key. */
export const textFilter = (context, placeholder) => html`<label>Text <input type="search" id="filter-text" maxlength="200" placeholder=${placeholder}
  .value=${textOf(context)} @input=${(event) => typed(event.target, context)}></label>`;

/** What the field has: what is being typed, else the address's text. An answer to an earlier text takes no letters out. */
function textOf(context) {
  const field = typing ? document.getElementById("filter-text") : null;
  return field?.value ?? context.parameters.get("text") ?? "";
}

function typed(field, context) {
  clearTimeout(typing);
  typing = setTimeout(() => {
    typing = 0;
    if (field.isConnected) context.change({ text: field.value || null });
  }, TYPING_MILLISECONDS);
}

/** A choice of one of `options`, texts by value. */
export const choiceFilter = (context, label, name, value, options) => html`<label>${label}
  <select id=${`filter-${name}`} @change=${(event) => context.change({ [name]: event.target.value || null })}>
    ${Object.entries(options).map(([each, text]) => html`<option value=${each} .selected=${each === value}>${text}</option>`)}
  </select></label>`;

/** Whether records and findings outside of the time range count, which they do by default. */
export const rangeFilter = (context) => html`<label class="check"><input type="checkbox" id="filter-when" .checked=${isOfRange(context)}
  @change=${(event) => context.change({ when: event.target.checked ? "range" : null })}> in the time range only</label>`;

/** `start` and `end` of a request where only the time range counts; nothing where all times do. */
export const rangeAsked = (context) => (isOfRange(context) ? { start: context.span.start, end: context.span.end } : {});

const isOfRange = (context) => context.parameters.get("when") === "range";
