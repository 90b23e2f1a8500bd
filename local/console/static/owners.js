// Owners as they are written: kind and name, with names from tags shortened for charts.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { cut, plain } from "/static/charts.js";

const COUNTRIES = new Intl.DisplayNames(["en"], { type: "region" });

/** The name of an owner of the traffic map: `web-1`, `Internet: Germany`, `12 more`. */
export function ownerName(owner) {
  if (owner.kind === "internet") return owner.name ? `Internet: ${country(owner.name)}` : "Internet";
  if (owner.kind === "more") return `${owner.name} more`;
  return owner.name;
}

/** The kind of an owner; empty for what is none. */
export const ownerKind = (owner) => (["internet", "address", "more"].includes(owner.kind) ? "" : owner.kind);

/** What the filter needs to find an owner; empty where one owner can't be filtered. */
export const ownerKey = (owner) => (owner.kind === "more" ? "" : owner.id);

/** An owner in a table or a sentence, as a link to `address` if there is one. */
export function ownerText(owner, address = "") {
  const name = html`<span class="untrusted">${ownerName(owner)}</span>`;
  const kind = ownerKind(owner);
  return html`${address ? html`<a href=${address}>${name}</a>` : name}${kind
    ? html` <span class="muted untrusted">${kind}</span>`
    : nothing}`;
}

/** Text in a chart: on one line, short, and without marks that change the direction of what follows. */
export const inChart = (text) => cut(plain(text).replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, " "));

function country(code) {
  try {
    return COUNTRIES.of(code) ?? code;
  } catch {
    return code;
  }
}
