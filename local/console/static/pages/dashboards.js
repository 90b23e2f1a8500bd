// The dashboards of CloudWatch, drawn from their own JSON on a grid of 24 columns.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { timeChart, unitOf, write } from "/static/charts.js";
import { moment, number } from "/static/format.js";
import { markdown } from "/static/markdown.js";
import { alarmTiles } from "/static/alarms.js";
import { empty } from "/static/states.js";

export const title = "Dashboards";
const opened = new Set();
const MAX_ROWS = 500;
const NAMES = /^(.*_)?(port|asn|id)$/iu; // numbers that are names: without a comma

export async function page(context) {
  const dashboards = await context.get("/api/dashboards");
  if (!dashboards.length) return empty("There are no dashboards yet.", "They appear once the app is deployed.");
  const name = context.rest[0] ?? dashboards[0].name;
  const { start, end } = context.span;
  const dashboard = await context.get(`/api/dashboards/${encodeURIComponent(name)}`, { start, end });
  return content(context, dashboards, dashboard);
}

function content(context, dashboards, dashboard) {
  const redraw = () => context.draw(content(context, dashboards, dashboard));
  return html`<ul class="tabs">
      ${dashboards.map(
        (each) => html`<li><a href=${`/dashboards/${each.name}${location.search}`} aria-current=${each.name === dashboard.name ? "page" : nothing}
          @click=${(event) => context.follow(event, [each.name])}>${each.title}</a></li>`,
      )}
    </ul>
    <div class="grid" .style=${`grid-template-rows: ${rows(dashboard.widgets)}`}>${dashboard.widgets.map((each, index) => widget(each, index, context, redraw))}</div>`;
}

/** The heights of the grid's rows: a text is as high as its words need, whatever rows the body reserves for it. */
function rows(widgets) {
  const heights = [];
  for (const { type, y, height } of widgets) {
    for (let row = y; row < y + height; row++) heights[row] = type === "text" ? (row === y ? "auto" : "0") : type === "alarm" ? "minmax(40px, auto)" : "40px";
  }
  return Array.from(heights, (height) => height ?? "0").join(" ");
}

function widget(each, index, context, redraw) {
  const place = `grid-area: ${each.y + 1} / ${each.x + 1} / span ${each.height} / span ${each.width}`;
  if (each.type === "text") return html`<div class="widget text" .style=${place}>${markdown(each.tree)}</div>`;
  const key = `${location.pathname}#${index}`;
  const hasNumbers = each.type === "metric" && each.view !== "singleValue" && each.lines.some((line) => line.values.length);
  return html`<article class="widget panel" .style=${place} aria-label=${each.title} data-title=${each.title}>
    <div class="widget-title"><h3>${each.title}</h3>${hasNumbers ? toggle(key, each.title, redraw) : nothing}</div>
    ${each.error ? html`<p class="nothing" role="alert">${each.error}</p>` : body(each, context, opened.has(key))}
  </article>`;
}

function toggle(key, name, redraw) {
  const flip = () => {
    if (!opened.delete(key)) opened.add(key);
    redraw();
  };
  return html`<button type="button" class="quiet" aria-pressed=${opened.has(key)} aria-label=${`Numbers of ${name}`} @click=${flip}>numbers</button>`;
}

function body(each, context, asNumbers) {
  if (each.type === "log") return logTable(each);
  if (each.type === "alarm") return each.alarms.length ? alarmTiles(each.alarms) : none("No alarms: a replay has none, and a deployment has them once its stacks are deployed.");
  if (each.view === "singleValue") return singleValues(each);
  const lines = each.lines.filter((line) => line.values.length);
  if (!lines.length) return none("No data in this time range.");
  return asNumbers ? numbers(each, lines) : graph(each, lines, context);
}

const none = (text) => html`<p class="nothing">${text}</p>`;

const graph = (each, lines, context) => html`<div class="chart">${timeChart({
    label: each.title,
    series: lines.map((line) => ({ name: line.label, times: line.times, values: line.values })),
    kind: each.stacked ? "area" : "line",
    stacked: each.stacked,
    span: context.span,
    unit: unitOf(each.title),
    least: each.least ?? undefined,
  })}</div>
  <ul class="key" tabindex="0" aria-label=${`Legend of ${each.title}`}>${lines.map((line, index) => html`<li><span class=${`swatch s${index % 8}`}></span><span class="untrusted">${line.label}</span></li>`)}</ul>`;

const singleValues = (each) => html`<dl class="values">${each.lines.map(
  (line) => html`<div><dt class="untrusted">${line.label}</dt>
    <dd>${line.values.length ? write(unitOf(each.title), line.values.at(-1)) : "–"}</dd></div>`,
)}</dl>`;

function numbers(each, lines) {
  const times = [...new Set(lines.flatMap((line) => line.times))].sort((a, b) => b - a).slice(0, MAX_ROWS);
  const at = lines.map((line) => new Map(line.times.map((time, index) => [time, line.values[index]])));
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${`Numbers of ${each.title}`}><table>
    <thead><tr><th>UTC</th>${lines.map((line) => html`<th class="number untrusted">${line.label}</th>`)}</tr></thead>
    <tbody>${times.map((time) => html`<tr><td class="time">${moment(time)}</td>${at.map((values) => html`<td class="number">${number(values.get(time))}</td>`)}</tr>`)}</tbody>
  </table></div>`;
}

function logTable(each) {
  if (!each.rows.length) return none("No log lines in this time range.");
  const isNumber = each.columns.map((name, index) => name !== "@timestamp" && each.rows.every((row) => row[index] === null || typeof row[index] === "number"));
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${each.title}><table>
    <thead><tr>${each.columns.map((name, index) => html`<th class=${isNumber[index] ? "number" : ""}>${name}</th>`)}</tr></thead>
    <tbody>${each.rows.map((row) => html`<tr>${row.map((value, index) => cell(value, each.columns[index], isNumber[index]))}</tr>`)}</tbody>
  </table></div>`;
}

function cell(value, column, isNumber) {
  if (column === "@timestamp") return html`<td class="time">${moment(value / 1000)}</td>`;
  return isNumber ? html`<td class="number">${NAMES.test(column) ? value ?? "–" : number(value)}</td>` : html`<td><span class="untrusted">${value ?? "–"}</span></td>`;
}
