// The alert inbox: the list on the left, one alert on the right as e-mail, chat card or JSON, and its triage.

import { html, nothing } from "/vendor/lit-html/lit-html.js";
import { choiceFilter, rangeAsked, rangeFilter, textFilter } from "/static/filters.js";
import { counted, moment, number } from "/static/format.js";
import { href } from "/static/links.js";
import { messageIn } from "/static/pages/alert_message.js";
import { actionsFor, ask, saidLast } from "/static/pages/triage.js";
import { empty } from "/static/states.js";

export const title = "Alerts";

const FILTERS = ["state", "severity", "kind", "text"];
const VIEWS = { scan: "what it tried", "blocked-path": "the path, hop by hop" };
let opened = null;

export async function page(context) {
  const { parameters, rest, get, about } = context;
  const filters = Object.fromEntries(FILTERS.map((name) => [name, parameters.get(name)]));
  const [id] = rest;
  const [list, alert] = await Promise.all([
    get("/api/alerts", { ...filters, ...rangeAsked(context) }),
    id ? get(`/api/alerts/${encodeURIComponent(id)}`) : null,
  ]);
  opened = alert?.triage ? { ...alert, by: list.by } : null;
  if (!list.all) return nothingFound(about);
  requestAnimationFrame(() => document.querySelector(".inbox-list [aria-current]")?.scrollIntoView({ block: "nearest" }));
  return html`${bar(list, filters, context)}
    <div class="inbox">
      <section class="panel inbox-list" aria-label="Alerts">${listed(list, id, context)}</section>
      <section class="panel inbox-alert" aria-label="The alert">
        ${alert ? shown(alert, list.by, context) : empty("No alert is open.", "Choose one on the left, or press j and Enter.")}
      </section>
    </div>`;
}

export function keys(context) {
  const acts = (action) => () => opened && ask(action, opened, opened.by, context);
  return [
    ["j", "next alert", () => step(1)],
    ["k", "previous alert", () => step(-1)],
    ["Enter", "open the alert", undefined],
    ["a", "acknowledge the open alert", acts("acknowledge")],
    ["s", "snooze it", acts("snooze")],
    ["r", "resolve it", acts("resolve")],
  ];
}

/** Moves the focus among the alerts; the first step goes to the open one, or the first. */
function step(by) {
  const links = [...document.querySelectorAll(".inbox-list a")];
  const at = links.indexOf(document.activeElement);
  const open = links.findIndex((each) => each.getAttribute("aria-current") === "true");
  const next = at < 0 ? (open < 0 ? 0 : open + by) : at + by;
  links[Math.max(0, Math.min(links.length - 1, next))]?.focus();
}

const bar = (list, filters, context) => html`<div class="filters" role="search">
  ${select("State", "state", filters.state, list.states, context)}
  ${select("Severity", "severity", filters.severity, list.severities, context)}
  ${select("Kind", "kind", filters.kind, list.kinds, context)}
  ${textFilter(context, "name, address, id")}
  ${rangeFilter(context)}
  <span class="muted" role="status" id="count">${shownOf(list)}</span>
</div>`;

const shownOf = (list) =>
  list.rows.length < list.matching
    ? `the newest ${number(list.rows.length)} of ${number(list.matching)}: narrow the filters to see the others`
    : list.matching < list.all
      ? `${number(list.matching)} of ${number(list.all)}`
      : counted(list.all, "alert");

/** A choice of one of the values that there are, with how many rows have each. */
function select(label, name, value, counts, context) {
  const all = value && !Object.hasOwn(counts, value) ? { ...counts, [value]: 0 } : counts;
  const options = Object.entries(all).map(([each, count]) => [each, `${words(each)} (${number(count)})`]);
  return choiceFilter(context, label, name, value ?? "", { "": "all", ...Object.fromEntries(options) });
}

const words = (name) => name.replaceAll("_", " ");

function listed(list, id, context) {
  if (!list.rows.length) {
    return html`${empty("No alert matches the filters.")}
      <p class="center"><button type="button" @click=${() => context.change({ state: null, severity: null, kind: null, text: null, when: null })}>Clear the filters</button></p>`;
  }
  return html`<ul class="rows">${list.rows.map((row) => html`<li>${item(row, row.id === id, context)}</li>`)}</ul>`;
}

const item = (row, isOpen, context) => html`<a class=${`row ${row.state}`} href=${address(row.id)} aria-current=${isOpen ? "true" : nothing}
    @click=${(event) => context.follow(event, [row.id])}>
  <span class="row-head">
    <span class=${`badge severity ${row.severity}`}>${row.severity}</span>
    <span class="muted">${words(row.kind)}</span>
    ${row.state && row.state !== "open" ? html`<span class="badge state-${row.state}">${words(row.state)}</span>` : nothing}
    <time class="muted">${moment(row.at)}</time>
  </span>
  <span class="row-title untrusted">${row.title}</span>
  <span class="row-subject muted untrusted">${row.subject}</span>
</a>`;

const address = (id) => `/alerts/${encodeURIComponent(id)}${location.search}`;

const shown = (alert, by, context) => html`<div class="alert-head">
    <h2 class="untrusted">${alert.title}</h2>
    <p class="muted"><span class=${`badge severity ${alert.severity}`}>${alert.severity}</span>
      ${words(alert.kind)} · <span class="untrusted">${alert.subject}</span> · ${moment(alert.at, true)} UTC ${views(alert, context)}</p>
    ${alert.triage ? triage(alert, by, context) : nothing}
  </div>
  ${messageIn(alert.message, context)}
  ${alert.related?.length ? related(alert.related, context) : nothing}
  ${alert.findings?.length ? findings(alert.findings, context) : nothing}`;

/** Links to the pages that draw what it is about. */
const views = (alert, context) => Object.entries({ scan: { source: alert.address }, "blocked-path": { finding: alert.id } })
  .filter(([name]) => alert.views?.includes(name))
  .map(([name, parameters]) => html` · <a href=${href(context, name, parameters)}>${VIEWS[name]}</a>`);

const triage = (alert, by, context) => html`<dl class="facts">
    <dt>State</dt><dd id="state" class="untrusted">${alert.sentence}</dd>
    <dt>Alerted</dt><dd class="untrusted">${alert.delivery}${alert.summary
      ? html`: <a href=${address(alert.summary.id)} @click=${(event) => context.follow(event, [alert.summary.id])}>open the digest</a>`
      : nothing}</dd>
  </dl>
  <p class="actions">${actionsFor(alert, by, context)}</p>
  <p role="status" class="said untrusted">${saidLast(alert.id)}</p>`;

const related = (others, context) => html`<h3>The same on other days</h3>
  <ul>${others.map((each) => html`<li>${moment(each.at)} ${link(each, context)} <span class="muted untrusted">${each.sentence}</span></li>`)}</ul>`;

const findings = (rows, context) => html`<h3>Findings in this message</h3>
  <ul>${rows.map((each) => html`<li>${moment(each.at)} ${link(each, context)} <span class="muted">${words(each.state)}</span></li>`)}</ul>`;

const link = (row, context) => html`<a class="untrusted" href=${address(row.id)} @click=${(event) => context.follow(event, [row.id])}>${row.title}</a>`;

const nothingFound = (about) =>
  about.subject === "deployed"
    ? empty(
        "No alert so far: nothing was found in the flow logs that were read.",
        html`Digests and alerts appear here as they are sent. To see one now, send a test: <code>flowsentry test-alert</code>`,
      )
    : empty(
        `No alert: nothing was found in ${about.title}.`,
        html`${about.newest ? `It was read up to ${moment(about.newest)} UTC.` : "No record was read."} To find more, lower a threshold, such as
          <code>flowsentry replay --console --set scan.min_endpoints=5 PATH</code>; docs/detectors.md lists them. To see
          alerts of invented traffic: <code>make demo</code>`,
      );
