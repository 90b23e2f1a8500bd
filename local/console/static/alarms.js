// Alarms as a table: the state, the name, and since when.

import { html } from "/vendor/lit-html/lit-html.js";
import { moment } from "/static/format.js";

export const STATES = { ALARM: "bad", INSUFFICIENT_DATA: "unknown", OK: "good" };
const TEXTS = { ALARM: "in alarm", INSUFFICIENT_DATA: "no data", OK: "OK" };

export const stateBadge = (state) => html`<span class=${`badge ${STATES[state]}`}>${TEXTS[state] ?? state}</span>`;

const inOrder = (alarms) =>
  [...alarms].sort((a, b) => Object.keys(STATES).indexOf(a.state) - Object.keys(STATES).indexOf(b.state) || a.name.localeCompare(b.name));

/** Alarms side by side, those in alarm first, as an alarm widget of CloudWatch shows them. */
export const alarmTiles = (alarms) => html`<ul class="tiles">${inOrder(alarms).map(
  (each) => html`<li data-state=${each.state} title=${each.description}>${stateBadge(each.state)} <span class="untrusted">${each.name}</span></li>`,
)}</ul>`;

/** What an alarm means: the first part, and behind it what to look at first. */
function meaning(description) {
  const at = description.indexOf("First query:");
  if (at < 0) return description;
  return html`${description.slice(0, at)}<details><summary>What to look at first</summary>${description.slice(at)}</details>`;
}

/** A table of alarms, those in alarm first, with what they mean. */
export const alarmTable = (alarms) => html`<div class="scroll" tabindex="0" role="region" aria-label="Alarms"><table class="alarms">
  <thead><tr><th>State</th><th>Alarm</th><th>What it means</th><th>Since (UTC)</th></tr></thead>
  <tbody>${inOrder(alarms).map(
    (each) => html`<tr data-state=${each.state}><td>${stateBadge(each.state)}</td><td><span class="untrusted">${each.name}</span></td>
      <td>${meaning(each.description)}</td><td class="time">${moment(each.since)}</td></tr>`,
  )}</tbody>
</table></div>`;
