// The alarms of the app, with their states and what they mean.

import { html } from "/vendor/lit-html/lit-html.js";
import { alarmTable, STATES, stateBadge } from "/static/alarms.js";
import { empty } from "/static/states.js";

export const title = "Alarms";

export async function page(context) {
  const alarms = await context.get("/api/alarms");
  if (!alarms.length) {
    const next = context.about.subject === "replayed" ? "A replay has none: they watch a deployment. Run flowsentry demo to see them." : "They appear once the monitoring stack is deployed.";
    return empty("There are no alarms.", next);
  }
  const wanted = context.parameters.get("state") ?? "";
  const shown = alarms.filter((each) => !wanted || each.state === wanted);
  return html`<div class="filters">
      <label>State <select id="state" @change=${(event) => context.change({ state: event.target.value })}>
        <option value="" ?selected=${!wanted}>all ${alarms.length}</option>
        ${Object.keys(STATES).map((state) => html`<option value=${state} ?selected=${state === wanted} .selected=${state === wanted}>${state}</option>`)}
      </select></label>
      <p class="counts">${Object.keys(STATES).map((state) => html`${stateBadge(state)} ${alarms.filter((each) => each.state === state).length} `)}</p>
    </div>
    <div class="panel">${shown.length ? alarmTable(shown) : html`<p class="nothing">No alarm is in this state.</p>`}</div>`;
}
